//! Times as a script writes them: `22:40`, or `2026-11-21 22:40`, in the policy's zone.
//!
//! What must stay true: times only go on. A time without a date is the next such time; of a
//! time that the clock repeats the first, once the script is past that the second; a time that
//! the clock skips is refused.

use jiff::civil::{Date, DateTime, Time};
use jiff::tz::{AmbiguousOffset, TimeZone};
use jiff::{Timestamp, ToSpan};

/// Reads times one after the other.
#[derive(Debug, Clone)]
pub(super) struct Cursor {
    zone: TimeZone,
    /// Nothing may lie before it.
    last: Timestamp,
}

impl Cursor {
    /// Starts at an instant: the first time may be equal to it.
    pub fn new(zone: &TimeZone, last: Timestamp) -> Self {
        Self { zone: zone.clone(), last }
    }

    /// Reads a time from the head of the words; the other words are given back.
    ///
    /// # Errors
    /// What is wrong with it, in words.
    pub fn read<'w, 's>(
        &mut self,
        words: &'w [&'s str],
    ) -> Result<(Timestamp, &'w [&'s str]), String> {
        let (date, words) = match words.split_first() {
            Some((first, rest)) if first.parse::<Date>().is_ok() => (first.parse().ok(), rest),
            _ => (None, words),
        };
        let Some((word, rest)) = words.split_first() else {
            return Err("a time such as 22:40 is missing".to_owned());
        };
        let at = self.instant(date, word)?;
        if at < self.last {
            let last = self.last.to_zoned(self.zone.clone()).datetime();
            return Err(format!("the time goes back: it lies before {last}"));
        }
        self.last = at;
        Ok((at, rest))
    }

    fn instant(&self, date: Option<Date>, word: &str) -> Result<Timestamp, String> {
        let time = time(word)?;
        let today = self.last.to_zoned(self.zone.clone()).date();
        if let Some(date) = date {
            return self.at(date.to_datetime(time));
        }
        match self.at(today.to_datetime(time)) {
            Ok(at) if at >= self.last => Ok(at),
            Err(why) if self.last_local() < today.to_datetime(time) => Err(why),
            _ => {
                let tomorrow = today.checked_add(1.day()).map_err(|e| e.to_string())?;
                self.at(tomorrow.to_datetime(time))
            }
        }
    }

    fn last_local(&self) -> DateTime {
        self.last.to_zoned(self.zone.clone()).datetime()
    }

    fn at(&self, local: DateTime) -> Result<Timestamp, String> {
        let found = self.zone.to_ambiguous_timestamp(local);
        let read = match found.offset() {
            AmbiguousOffset::Gap { .. } => return Err(format!("the clock skips {local}")),
            AmbiguousOffset::Unambiguous { .. } => found.earlier(),
            AmbiguousOffset::Fold { .. } => match found.earlier() {
                Ok(first) if first >= self.last => Ok(first),
                _ => found.later(),
            },
        };
        read.map_err(|error| error.to_string())
    }
}

fn time(word: &str) -> Result<Time, String> {
    let plain = word.len() == 5 && word.is_ascii();
    let read = word.parse::<Time>().ok().filter(|_| plain);
    read.ok_or_else(|| format!("a time such as 22:40, got {word:?}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(from: &str, zone: &str, times: &[&str]) -> Vec<Result<String, String>> {
        let zone = TimeZone::get(zone).unwrap();
        let mut cursor = Cursor::new(&zone, from.parse().unwrap());
        let shown = |at: Timestamp| at.to_zoned(zone.clone()).strftime("%d %H:%M %Z").to_string();
        let one = |text: &&str| {
            let words: Vec<&str> = text.split(' ').collect();
            cursor.read(&words).map(|(at, _)| shown(at))
        };
        times.iter().map(one).collect()
    }

    #[test]
    fn a_time_without_a_date_is_the_next_such_time() {
        let got = read("2026-11-20T12:30:00Z", "Asia/Seoul", &["21:30", "23:00", "01:00", "00:59"]);
        assert_eq!(got.concat_ok(), "20 21:30 KST, 20 23:00 KST, 21 01:00 KST, 22 00:59 KST");
    }

    #[test]
    fn a_date_says_which_day_and_may_not_go_back() {
        let times = ["2026-11-23 08:00", "2026-11-22 08:00"];
        let got = read("2026-11-20T12:30:00Z", "Asia/Seoul", &times);
        assert_eq!(got[0].as_deref(), Ok("23 08:00 KST"));
        assert!(got[1].as_ref().unwrap_err().contains("goes back"), "{got:?}");
    }

    #[test]
    fn a_repeated_time_is_the_first_and_then_the_second() {
        let times = ["01:30", "01:15", "01:45", "02:00"];
        let got = read("2026-11-01T04:00:00Z", "America/New_York", &times);
        assert_eq!(got.concat_ok(), "01 01:30 EDT, 01 01:15 EST, 01 01:45 EST, 01 02:00 EST");
    }

    #[test]
    fn what_is_no_time_is_refused() {
        let got =
            read("2026-03-08T05:00:00Z", "America/New_York", &["02:30", "8:00", "25:00", "03:00"]);
        for (n, why) in ["the clock skips", "got \"8:00\"", "got \"25:00\""].iter().enumerate() {
            assert!(got[n].as_ref().unwrap_err().contains(why), "{got:?}");
        }
        assert_eq!(got[3].as_deref(), Ok("08 03:00 EDT"));
    }

    trait Concat {
        fn concat_ok(self) -> String;
    }

    impl Concat for Vec<Result<String, String>> {
        fn concat_ok(self) -> String {
            self.into_iter().collect::<Result<Vec<_>, _>>().unwrap().join(", ")
        }
    }
}
