//! Who answers: an OpenAI-compatible endpoint, or the built-in stand-in. Both give tokens one by one.

mod embedded;
mod events;
mod openai;

pub use embedded::Embedded;
pub use openai::OpenAi;

use crate::history::Turn;

/// Why there is no answer, or no more of it. No text repeats what was asked or said.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ModelFault {
    /// The endpoint has too much to do; perhaps it said for how many seconds.
    #[error("the model's endpoint is busy")]
    Busy(Option<u64>),
    /// It could not be reached, or did not want to.
    #[error("the model's endpoint: {0}")]
    Failed(String),
    /// It broke off in the middle.
    #[error("the model's endpoint broke off")]
    Cut,
    /// It took too long.
    #[error("the model's endpoint took too long")]
    Slow,
}

/// Who answers.
pub enum Model {
    /// The built-in stand-in.
    Embedded(Embedded),
    /// An endpoint.
    OpenAi(Box<OpenAi>),
}

/// An answer that is being given.
pub enum Tokens {
    /// By the built-in stand-in.
    Embedded(embedded::Script),
    /// By an endpoint.
    OpenAi(Box<openai::Stream>),
}

impl Model {
    /// Begins to answer; `told` is what was said before, oldest first.
    ///
    /// # Errors
    /// [`ModelFault`]
    pub async fn ask(&self, told: &[Turn], question: &str) -> Result<Tokens, ModelFault> {
        match self {
            Self::Embedded(model) => Ok(Tokens::Embedded(model.script(told.len(), question))),
            Self::OpenAi(model) => Ok(Tokens::OpenAi(Box::new(model.ask(told, question).await?))),
        }
    }
}

impl Tokens {
    /// The next token; none: the answer is complete.
    ///
    /// # Errors
    /// [`ModelFault`]
    pub async fn next(&mut self) -> Result<Option<String>, ModelFault> {
        match self {
            Self::Embedded(script) => Ok(script.next().await),
            Self::OpenAi(stream) => stream.next().await,
        }
    }
}
