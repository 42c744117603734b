// Aira's page: signs in, streams answers, keeps trying where that is safe. A turn has an id of its
// own: asked again with it, the service says the same answer and keeps it once.
"use strict";

const service = window.AIRA_SERVICE || "";
const $ = (id) => document.getElementById(id);
/** So long a question is tried again while the service is full, in milliseconds. */
const PATIENCE = 60000;

const REASONS = {
  wrong_code: "The name and the code do not fit, or the code has run out.",
  signed_out: "You are signed out. Sign in to go on.",
  foreign_origin: "This page may not talk to that service.",
  not_a_question: "That is too long, or empty.",
  model: "The answer broke off. Send it again.",
  model_slow: "The answer took too long. Send it again.",
  not_kept: "The answer could not be kept. Send it again.",
};
const said = (reason) => REASONS[reason] || "The service does not answer now. Try again in a moment.";

class Refused extends Error {
  constructor(reason, status, wait) {
    super(reason);
    Object.assign(this, { reason, status, wait });
  }
}

async function call(method, path, body) {
  const response = await fetch(service + path, {
    method,
    credentials: service ? "include" : "same-origin",
    headers: body ? { "content-type": "application/json" } : {},
    body: body && JSON.stringify(body),
  });
  if (response.ok) return response;
  const problem = await response.json().catch(() => ({}));
  throw new Refused(problem.error, response.status, Number(response.headers.get("retry-after")));
}

function show(name) {
  const isIn = name !== null;
  for (const id of ["chat", "ask", "who", "logout"]) $(id).hidden = !isIn;
  $("welcome").hidden = isIn;
  $("name").textContent = name || "";
  if (!isIn) {
    $("turns").replaceChildren();
    $("user").focus();
  }
}

function complain(text) {
  $("problem").textContent = text;
}

function spoken(kind, speaker, text) {
  const paragraph = document.createElement("p");
  const who = document.createElement("span");
  const words = document.createElement("span");
  paragraph.className = kind;
  who.className = "speaker";
  who.textContent = speaker;
  words.textContent = text;
  paragraph.append(who, words);
  return { paragraph, words };
}

function addTurn(question, answer) {
  const item = document.createElement("li");
  const asked = spoken("question", "You", question);
  const answered = spoken("answer", "Aira", answer);
  item.append(asked.paragraph, answered.paragraph);
  $("turns").append(item);
  $("empty").hidden = true;
  item.scrollIntoView({ block: "end" });
  return { item, ...answered };
}

/** The events of a stream: `{event, data}`, however the network cuts them. */
async function* events(response) {
  const reader = response.body.pipeThrough(new TextDecoderStream()).getReader();
  let rest = "";
  for (;;) {
    const { value, done } = await reader.read();
    if (done) return;
    const blocks = (rest + value).split("\n\n");
    rest = blocks.pop();
    for (const block of blocks) {
      const fields = Object.fromEntries(block.split("\n").map((line) => {
        const colon = line.indexOf(":");
        return [line.slice(0, colon), line.slice(colon + 1).trim()];
      }));
      if (fields.data) yield { event: fields.event || "message", data: JSON.parse(fields.data) };
    }
  }
}

/** One try. It is complete when the service has said so, and not before. */
async function stream(turn, question, words) {
  const response = await call("POST", "/chat", { turn, question });
  words.textContent = "";
  for await (const { event, data } of events(response)) {
    if (event === "done") return;
    if (event === "error") throw new Refused(data.reason, data.reason === "signed_out" ? 401 : 502, 1);
    words.textContent += data.text;
    words.scrollIntoView({ block: "nearest" });
  }
  throw new Refused("model", 502, 1);
}

/** Waits as long as the service asks, a little longer each time, and not in step with others. */
async function insist(act) {
  const until = Date.now() + PATIENCE;
  for (let round = 1; ; round += 1) {
    try {
      return await act();
    } catch (problem) {
      const wait = (problem.wait || 1) * Math.min(round, 3) * (750 + Math.random() * 500);
      if (problem.status < 500 || Date.now() + wait > until) throw problem;
      $("status").textContent = "The service is busy; trying again.";
      await new Promise((resume) => setTimeout(resume, wait));
    }
  }
}

async function ask(question) {
  const turn = crypto.randomUUID ? crypto.randomUUID() : `${Date.now()}-${Math.random()}`.replace(".", "");
  const { item, paragraph, words } = addTurn(question, "");
  paragraph.setAttribute("aria-busy", "true");
  try {
    await insist(() => stream(turn, question, words));
    $("status").textContent = `Aira says: ${words.textContent}`;
    return true;
  } catch (problem) {
    item.remove();
    complain(said(problem.reason));
    if (problem.status === 401) show(null);
    return false;
  } finally {
    paragraph.removeAttribute("aria-busy");
  }
}

async function restore() {
  try {
    const history = await (await insist(() => call("GET", "/history"))).json();
    $("turns").replaceChildren();
    $("empty").hidden = history.turns.length > 0;
    show(history.name);
    for (const { question, answer } of history.turns) addTurn(question, answer);
    $("question").focus();
  } catch (problem) {
    if (problem.status !== 401) complain(said(problem.reason));
    show(null);
  }
}

$("login").addEventListener("submit", async (submitted) => {
  submitted.preventDefault();
  complain("");
  try {
    const form = new FormData(submitted.target);
    await call("POST", "/login", { name: form.get("name").trim(), code: form.get("code").trim() });
    submitted.target.reset();
    await restore();
  } catch (problem) {
    complain(said(problem.reason));
  }
});

$("logout").addEventListener("click", async () => {
  complain("");
  try {
    await insist(() => call("POST", "/logout"));
    show(null);
  } catch (problem) {
    complain("You are still signed in: the service does not answer. Try again.");
  }
});

$("ask").addEventListener("submit", async (submitted) => {
  submitted.preventDefault();
  const question = $("question").value.trim();
  if (!question || $("send").disabled) return;
  complain("");
  $("send").disabled = true;
  $("question").value = "";
  const isAnswered = await ask(question);
  if (!isAnswered) $("question").value = question;
  $("send").disabled = false;
  $("question").focus();
});

$("question").addEventListener("keydown", (key) => {
  if (key.key === "Enter" && !key.shiftKey && !key.isComposing) {
    key.preventDefault();
    $("ask").requestSubmit();
  }
});

restore();
