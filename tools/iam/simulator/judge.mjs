// Asks @cloud-copilot/iam-simulate, a question a line, an answer a line (JSON on stdin and stdout).
//
// Question: {documents, resourcePolicy?, principal, action, resource, account, context}
// Answer:   {decision: "Allowed" | "ImplicitlyDenied" | "ExplicitlyDenied"} or {error}
// A question that the simulator does not understand (no such action, a resource that the action
// does not know, a key that is ignored) is an error: it would be denied for a wrong reason.

import { createInterface } from 'node:readline'
import { createRequire } from 'node:module'
import { pathToFileURL } from 'node:url'

// The tool lies where it was installed, not beside this file.
const installed = createRequire(`${process.argv[2]}/package.json`)
const found = installed.resolve('@cloud-copilot/iam-simulate')
const { runSimulation } = await import(pathToFileURL(found))

async function judge(question) {
  const simulation = {
    request: {
      principal: question.principal,
      action: question.action,
      resource: { resource: question.resource, accountId: question.account },
      contextVariables: question.context,
    },
    identityPolicies: question.documents.map((policy, place) => ({ name: `p${place}`, policy })),
    serviceControlPolicies: [],
    resourceControlPolicies: [],
    resourcePolicy: question.resourcePolicy,
  }
  const answer = await runSimulation(simulation, {})
  if (answer.resultType === 'error') return { error: JSON.stringify(answer.errors) }
  const results = answer.resultType === 'single' ? [answer.result] : answer.results
  const ignored = results.flatMap((result) => result.ignoredContextKeys ?? [])
  if (ignored.length > 0) return { error: `ignored: ${ignored}` }
  return { decision: answer.overallResult }
}

for await (const line of createInterface({ input: process.stdin })) {
  let answer
  try {
    answer = await judge(JSON.parse(line))
  } catch (error) {
    answer = { error: String(error) }
  }
  process.stdout.write(`${JSON.stringify(answer)}\n`)
}
