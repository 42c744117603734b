//! What a proof says to a server around the cache's client: evictions, pauses, a look at all keys.
//! A client of its own, so that a mistake of the other one shows.

use std::io::{BufRead, BufReader, Error, Read, Write};
use std::net::TcpStream;
use std::time::Duration;

/// An answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Reply {
    /// A text, simple or bulk.
    Text(String),
    /// A number.
    Number(i64),
    /// Nothing.
    Nil,
    /// A list.
    List(Vec<Self>),
    /// A refusal, in the server's words.
    Refused(String),
}

impl Reply {
    /// The text.
    pub fn text(self) -> String {
        match self {
            Self::Text(text) => text,
            other => panic!("no text: {other:?}"),
        }
    }

    /// The number.
    pub fn number(self) -> i64 {
        match self {
            Self::Number(number) => number,
            other => panic!("no number: {other:?}"),
        }
    }

    /// The list of texts.
    pub fn texts(self) -> Vec<String> {
        match self {
            Self::List(list) => list.into_iter().map(Self::text).collect(),
            other => panic!("no list: {other:?}"),
        }
    }
}

/// A connection of a proof's own.
#[derive(Debug)]
pub struct Admin {
    stream: BufReader<TcpStream>,
}

impl Admin {
    /// Connects to a port of 127.0.0.1.
    ///
    /// # Errors
    /// The system's.
    pub fn connect(port: u16) -> Result<Self, Error> {
        let stream = TcpStream::connect(("127.0.0.1", port))?;
        stream.set_nodelay(true)?;
        stream.set_read_timeout(Some(Duration::from_secs(30)))?;
        Ok(Self { stream: BufReader::with_capacity(1 << 16, stream) })
    }

    /// Says one command and reads the answer.
    pub fn say(&mut self, words: &[&str]) -> Reply {
        self.try_say(words).expect("the server answers")
    }

    /// Like [`Self::say`].
    ///
    /// # Errors
    /// The system's.
    pub fn try_say(&mut self, words: &[&str]) -> Result<Reply, Error> {
        let mut text = Vec::new();
        pack(&mut text, words);
        self.send(&text)?;
        self.answer()
    }

    /// Sends bytes as they are: a pipeline made with [`pack`].
    ///
    /// # Errors
    /// The system's.
    pub fn send(&mut self, bytes: &[u8]) -> Result<(), Error> {
        self.stream.get_mut().write_all(bytes)
    }

    /// A second handle on the same connection, to send from another thread.
    ///
    /// # Errors
    /// The system's.
    pub fn sender(&self) -> Result<TcpStream, Error> {
        self.stream.get_ref().try_clone()
    }

    /// Reads this many answers that are numbers, and looks at nothing but that they are.
    ///
    /// # Errors
    /// The system's; that an answer is something else.
    pub fn count(&mut self, answers: usize) -> Result<(), Error> {
        let mut left = answers;
        while left > 0 {
            let bytes = self.stream.fill_buf()?;
            if bytes.is_empty() || bytes.contains(&b'-') {
                return Err(Error::other("the server refused or has gone"));
            }
            // Numbers of one digit: `:1\r\n`. What follows the last one is left.
            let ends = bytes.iter().enumerate().filter(|(_, byte)| **byte == b'\n');
            let (seen, length) = ends.take(left).fold((0, 0), |(n, _), (at, _)| (n + 1, at + 1));
            let length = if seen < left { bytes.len() } else { length };
            left -= seen;
            self.stream.consume(length);
        }
        Ok(())
    }

    /// Reads one answer.
    ///
    /// # Errors
    /// The system's.
    pub fn answer(&mut self) -> Result<Reply, Error> {
        let mut line = String::new();
        self.stream.read_line(&mut line)?;
        let line = line.trim_end();
        let Some((kind, rest)) = line.split_at_checked(1) else {
            return Err(Error::other("the server has gone"));
        };
        let length = || rest.parse::<i64>().map_err(Error::other);
        match kind {
            "+" => Ok(Reply::Text(rest.to_owned())),
            "-" => Ok(Reply::Refused(rest.to_owned())),
            ":" => Ok(Reply::Number(length()?)),
            "$" => match usize::try_from(length()?) {
                Err(_) => Ok(Reply::Nil),
                Ok(length) => {
                    let mut bytes = vec![0; length + 2];
                    self.stream.read_exact(&mut bytes)?;
                    bytes.truncate(length);
                    Ok(Reply::Text(String::from_utf8_lossy(&bytes).into_owned()))
                }
            },
            "*" => match usize::try_from(length()?) {
                Err(_) => Ok(Reply::Nil),
                Ok(length) => {
                    (0..length).map(|_| self.answer()).collect::<Result<_, _>>().map(Reply::List)
                }
            },
            _ => Err(Error::other("an answer of an unknown kind")),
        }
    }
}

/// Appends one command.
pub fn pack(text: &mut Vec<u8>, words: &[impl AsRef<[u8]>]) {
    text.extend_from_slice(format!("*{}\r\n", words.len()).as_bytes());
    for word in words {
        let word = word.as_ref();
        text.extend_from_slice(format!("${}\r\n", word.len()).as_bytes());
        text.extend_from_slice(word);
        text.extend_from_slice(b"\r\n");
    }
}
