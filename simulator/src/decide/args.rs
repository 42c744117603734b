//! The arguments of `decide`.

use clap::Args;
use tidegate_domain::sizing::Dial;

pub(crate) const HELP: &str = "\
Protocol: one JSON object a line. Once, without an answer:

  {\"type\":\"start\",\"capacity_rpm\":600,\"boot_s\":180,\"min\":2,\"max\":40}

and for each minute what is known at its start:

  {\"type\":\"minute\",\"minute\":7,\"data_minute\":5,\"requests\":5400,\"in_service\":9,\"desired\":10}

which is answered, before the next line is read, with the desired capacity from then on:

  {\"desired\":11}

requests belongs to data_minute, the newest minute whose metric is visible; null or left out, the
metric is missing. A data minute that was shown before counts once; one that was passed over is
missing. Another start is another fleet, of which nothing is known. Other fields do not matter.

A line that is wrong is refused on stderr with its number and the reason, the desired capacity
stays and is the answer, and the next line is read. Before any start there is nothing to answer:
that ends it.

Example:

  $ mkfifo answers; judge < answers | tidegate decide > answers

Exit codes:
  0  every line was understood
  2  lines were refused, or there was no fleet to decide for";

/// The arguments of `decide`.
#[derive(Debug, Args)]
pub struct Decide {
    /// What unserved load costs, in units of the capacity that would have served it: thrifty 100,
    /// balanced 300, strict 1000. Unlike a policy's, the default is thrifty: its price is that of
    /// the figure J by which engines are compared.
    #[arg(long, value_name = "DIAL", default_value = "thrifty", value_parser = dial)]
    pub sla: Dial,
}

fn dial(word: &str) -> Result<Dial, String> {
    Dial::parse(word).ok_or_else(|| "thrifty, balanced or strict".to_owned())
}
