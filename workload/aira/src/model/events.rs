//! An OpenAI-compatible stream, piece by piece: server-sent events whose data are chunks of a chat
//! completion. Pure; pieces may be cut anywhere, also inside a letter.
//! <https://platform.openai.com/docs/api-reference/chat/streaming>
//! <https://html.spec.whatwg.org/multipage/server-sent-events.html#event-stream-interpretation>

use serde::Deserialize;

/// Bytes of a line: no chunk of a completion comes near it.
const LONGEST_LINE: usize = 64 * 1024;

/// What a line came to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Said {
    /// More of the answer.
    Text(String),
    /// The answer is complete.
    Complete,
    /// The endpoint told an error, or something that is not an answer.
    Fault,
}

/// What has come and is not yet a line.
#[derive(Debug, Default)]
pub struct Lines(Vec<u8>);

#[derive(Deserialize)]
struct Chunk {
    #[serde(default)]
    choices: Vec<Choice>,
    error: Option<serde::de::IgnoredAny>,
}

#[derive(Deserialize)]
struct Choice {
    delta: Option<Delta>,
    finish_reason: Option<String>,
}

#[derive(Deserialize)]
struct Delta {
    content: Option<String>,
}

impl Lines {
    /// Takes a piece; what was said in the lines that it completes.
    pub fn take(&mut self, piece: &[u8]) -> Vec<Said> {
        self.0.extend_from_slice(piece);
        let mut said = Vec::new();
        while let Some(end) = self.0.iter().position(|byte| *byte == b'\n') {
            let line: Vec<u8> = self.0.drain(..=end).collect();
            said.extend(read(String::from_utf8_lossy(&line).trim_end()));
        }
        if self.0.len() > LONGEST_LINE {
            said.push(Said::Fault);
        }
        said
    }
}

/// A line. Comments and the other fields of an event say nothing.
fn read(line: &str) -> Vec<Said> {
    let Some(data) = line.strip_prefix("data:").map(str::trim) else { return Vec::new() };
    if data == "[DONE]" {
        return vec![Said::Complete];
    }
    let Ok(chunk) = serde_json::from_str::<Chunk>(data) else { return vec![Said::Fault] };
    if chunk.error.is_some() {
        return vec![Said::Fault];
    }
    let Some(choice) = chunk.choices.into_iter().next() else { return Vec::new() };
    let text = choice.delta.and_then(|delta| delta.content).filter(|text| !text.is_empty());
    let complete = choice.finish_reason.map(|_| Said::Complete);
    text.map(Said::Text).into_iter().chain(complete).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn chunk(content: &str) -> String {
        format!("data: {{\"choices\":[{{\"delta\":{{\"content\":\"{content}\"}}}}]}}\n\n")
    }

    #[test]
    fn lines_are_read_however_they_are_cut() {
        let finished = "data: {\"choices\":[{\"delta\":{},\"finish_reason\":\"stop\"}]}\r\n";
        let role = "data: {\"choices\":[{\"delta\":{\"role\":\"assistant\",\"content\":\"\"}}]}\n";
        let usage = "data: {\"choices\":[],\"usage\":{\"total_tokens\":3}}\n";
        let text = [": hello\nevent: x\n", role, &chunk("안녕"), usage, &chunk("!"), finished];
        let whole = text.concat() + "data: [DONE]\n\n";
        let expected = [
            Said::Text("안녕".to_owned()),
            Said::Text("!".to_owned()),
            Said::Complete,
            Said::Complete,
        ];
        for size in [1, 2, 7, 4096] {
            let mut lines = Lines::default();
            let said: Vec<_> =
                whole.as_bytes().chunks(size).flat_map(|piece| lines.take(piece)).collect();
            assert_eq!(said, expected, "pieces of {size}");
        }
    }

    #[test]
    fn what_is_no_answer_is_a_fault() {
        for line in ["data: {\"error\":{\"message\":\"no\"}}\n", "data: <html>\n"] {
            assert_eq!(Lines::default().take(line.as_bytes()), [Said::Fault], "{line}");
        }
        assert_eq!(Lines::default().take(&[b'x'; LONGEST_LINE + 1]), [Said::Fault]);
        assert_eq!(Lines::default().take(b"data: [DO"), []);
    }
}
