//! What a command answers.
//!
//! Exit codes: 0 as it should be; 1 it differs from what was expected; 2 the input is wrong
//! (arguments, a file, the policy document).

/// What a command has to say.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Report {
    /// The answer, for stdout.
    pub text: String,
    /// What differs from what was expected, for stderr; then the exit code is 1.
    pub differences: Vec<String>,
}

impl Report {
    /// The process's exit code.
    pub fn code(&self) -> u8 {
        u8::from(!self.differences.is_empty())
    }
}

/// Why a command has no answer.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Failure {
    /// Arguments, a file or the policy document are wrong.
    #[error("{0}")]
    Input(String),
}

impl Failure {
    /// The process's exit code.
    pub fn code(&self) -> u8 {
        match self {
            Self::Input(_) => 2,
        }
    }
}
