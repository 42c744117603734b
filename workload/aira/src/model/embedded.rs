//! The built-in stand-in for a model: it understands nothing, and says so. What it has is the timing
//! of one, which is what a load test is about: a wait for the first token with a long tail, then
//! token by token with a jitter. The same seed, question and number of earlier turns give the same
//! words at the same pace, on every instance.

use crate::history::fingerprint;
use crate::settings::Timing;
use std::collections::VecDeque;
use std::time::Duration;

const OPENINGS: &[&str] = &[
    "I am a built-in stand-in and understand nothing, but I can keep you company.",
    "No model is behind me, only a clock and a list of sentences.",
    "You are talking to a stand-in; a real model would answer your question here.",
];
const MIDDLES: &[&str] = &[
    "Each word of mine comes after a wait of its own, as a model's would.",
    "Whether one instance serves you or another, this conversation stays the same.",
    "While I speak, instances may come and go behind the load balancer.",
    "If this instance is taken away now, it lets me finish first.",
    "Your history belongs to your session, not to me.",
    "The same question with the same seed gets this same answer.",
];
const ENDS: &[&str] = &["Ask me something else.", "That is all I have.", "Please go on."];
/// Sentences between the opening and the end: 2 to 5, so 40 to 95 tokens altogether.
const FEWEST: u64 = 2;
const SPAN: u64 = 4;

/// The stand-in.
#[derive(Debug, Clone, Copy)]
pub struct Embedded {
    timing: Timing,
}

/// What it will say, each token after its wait.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Script(VecDeque<(Duration, String)>);

impl Embedded {
    /// With this timing.
    pub fn new(timing: Timing) -> Self {
        Self { timing }
    }

    /// The answer to a question that comes after so many turns.
    pub fn script(&self, turns: usize, question: &str) -> Script {
        let mut dice = Dice(self.timing.seed ^ fingerprint(question) ^ (turns as u64) << 32);
        let mut sentences = vec![dice.pick(OPENINGS)];
        let rounds = FEWEST + dice.next() % SPAN;
        sentences.extend((0..rounds).map(|_| dice.pick(MIDDLES)));
        sentences.push(dice.pick(ENDS));
        let text = sentences.join(" ");
        let mut script: VecDeque<_> = text
            .split_inclusive(' ')
            .map(|word| (self.timing.token.mul_f64(dice.spread(0.5)), word.to_owned()))
            .collect();
        if let Some((wait, _)) = script.front_mut() {
            *wait = self.timing.first.mul_f64(dice.spread(1.0));
        }
        Script(script)
    }
}

impl Script {
    /// The next token, after its wait.
    pub async fn next(&mut self) -> Option<String> {
        let (wait, word) = self.0.pop_front()?;
        tokio::time::sleep(wait).await;
        Some(word)
    }
}

/// SplitMix64 (Steele, Lea, Flood 2014): small, and the same everywhere.
struct Dice(u64);

impl Dice {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let z = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    fn pick(&mut self, from: &[&'static str]) -> &'static str {
        let at = usize::try_from(self.next() % from.len().max(1) as u64).unwrap_or(0);
        from.get(at).copied().unwrap_or_default()
    }

    /// A factor around 1: its logarithm is triangular, up to `width` natural units both ways, so
    /// half of the waits are longer than the median and a few are much longer.
    fn spread(&mut self, width: f64) -> f64 {
        let mut unit = || f64::from((self.next() >> 32) as u32) / f64::from(u32::MAX);
        ((unit() + unit() - 1.0) * width).exp()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TIMING: Timing =
        Timing { seed: 1, first: Duration::from_millis(350), token: Duration::from_millis(30) };

    #[test]
    fn the_same_seed_says_the_same_at_the_same_pace() {
        let model = Embedded::new(TIMING);
        assert_eq!(model.script(0, "why?"), model.script(0, "why?"));
        for (turns, question, seed) in [(1, "why?", 1), (0, "who?", 1), (0, "why?", 2)] {
            let other = Embedded::new(Timing { seed, ..TIMING });
            assert_ne!(model.script(0, "why?"), other.script(turns, question), "{question} {seed}");
        }
    }

    #[test]
    fn the_pace_is_a_models() {
        let model = Embedded::new(TIMING);
        let scripts: Vec<_> = (0..1000).map(|n| model.script(n, "why?").0).collect();
        let mut firsts: Vec<_> = scripts.iter().map(|script| script[0].0.as_millis()).collect();
        firsts.sort_unstable();
        assert!((320..380).contains(&firsts[500]), "median {}", firsts[500]);
        assert!(firsts[0] >= 128 && firsts[999] <= 952, "{} {}", firsts[0], firsts[999]);
        assert!(firsts[950] > 500, "a tail: {}", firsts[950]);
        let lengths: Vec<_> = scripts.iter().map(VecDeque::len).collect();
        let (least, most) = (lengths.iter().min().unwrap(), lengths.iter().max().unwrap());
        assert!(*least >= 35 && *most <= 100, "{least} {most}");
    }
}
