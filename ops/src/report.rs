//! What a command answers.
//!
//! Exit codes: 0 done; 1 it could not be done, or not all of it (AWS said no, somebody else
//! was first, nothing to do, not confirmed, a table differs); 2 the input is wrong
//! (arguments, environment, policy document).

/// What a command has to say: `text` is its answer, the rest is for people beside it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Report {
    /// The answer, for stdout.
    pub text: String,
    /// Remarks, for stderr.
    pub notes: Vec<String>,
    /// What went wrong with a part of it, for stderr; then the exit code is 1.
    pub troubles: Vec<String>,
}

impl Report {
    /// An answer and nothing else.
    pub fn of(text: impl Into<String>) -> Self {
        Self { text: text.into(), ..Self::default() }
    }

    /// The process's exit code.
    pub fn code(&self) -> u8 {
        u8::from(!self.troubles.is_empty())
    }
}

/// Why a command has no answer.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Failure {
    /// Arguments, environment or a policy document are wrong.
    #[error("{0}")]
    Input(String),
    /// It could not be done.
    #[error("{0}")]
    Undone(String),
}

impl Failure {
    /// The same, saying of what control table it speaks.
    #[must_use]
    pub fn about(self, place: &str) -> Self {
        match self {
            Self::Input(why) => Self::Input(why),
            Self::Undone(why) => Self::Undone(format!("{why}\n(control table: {place})")),
        }
    }

    /// The process's exit code.
    pub fn code(&self) -> u8 {
        match self {
            Self::Undone(_) => 1,
            Self::Input(_) => 2,
        }
    }
}
