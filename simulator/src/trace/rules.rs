//! How a file is to be read, as arguments of every command that reads a trace.

use clap::{Args, ValueEnum};

/// How a file is to be read.
#[derive(Debug, Clone, Default, PartialEq, Eq, Args)]
pub struct Rules {
    /// Of CloudWatch's JSON with several results, the id of the one that is the load.
    #[arg(long, value_name = "ID")]
    pub metric: Option<String>,
    /// What a value of more than one minute is. It matters for CloudWatch's JSON of 300 or 3600 s
    /// alone: a CSV file has load per minute.
    #[arg(long, value_name = "WORD", default_value = "sum")]
    pub statistic: Statistic,
    /// What a minute without a value is.
    #[arg(long, value_name = "WORD", default_value = "unknown")]
    pub missing: Missing,
}

/// What a value of more than one minute is.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, ValueEnum)]
pub enum Statistic {
    /// All of its minutes together, such as RequestCount's Sum: it is divided by them.
    #[default]
    Sum,
    /// As much in every minute, such as the Average of requests in flight.
    Average,
}

/// What a minute without a value is.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, ValueEnum)]
pub enum Missing {
    /// Its metric was never published: whoever decides does not see it. The load went on as it
    /// was in the minute before.
    #[default]
    Unknown,
    /// Nobody came: a balancer without requests publishes no RequestCount.
    Zero,
}
