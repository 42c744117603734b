//! What every `SessionCache` promises, whatever is behind it.
//!
//! What must stay true: a case supposes nothing that the port does not promise, and has a session
//! and a board of its own.

mod boards;
mod entries;

use crate::scenes;
use jiff::Timestamp;
use std::cell::Cell;
use std::future::Future;
use std::pin::Pin;
use tidegate_domain::sessions::part::{PartId, SessionKey, SessionPart};
use tidegate_domain::sessions::ports::{CacheWrite, FillMark, SessionCache};
use tidegate_domain::sessions::score::ShardKey;
use tidegate_domain::sessions::stamp::Stamp;

/// The two halves of a board that a server can evict one by one.
#[derive(Clone, Copy, Debug)]
pub enum Half {
    /// What was counted where.
    Parts,
    /// The order of the members.
    Order,
}

/// An implementation, and what the world does to it.
pub trait Arrange {
    /// The implementation.
    type Cache: SessionCache;

    /// The implementation.
    fn cache(&self) -> &Self::Cache;

    /// Its time.
    fn now(&self) -> Timestamp;

    /// Memory runs short: a session's entry goes.
    fn evict(&self, key: &SessionKey);

    /// Memory runs short: half of a board's shard goes. One that is kept as a whole goes whole.
    fn evict_shard(&self, shard: &ShardKey, half: Half);
}

/// A case, with a name.
pub struct Case<S> {
    name: &'static str,
    body: Body<S>,
}

type Body<S> = for<'a> fn(&'a Scene<'a, S>) -> Pin<Box<dyn Future<Output = ()> + 'a>>;

/// Plays every case and says its name before it.
pub async fn play<S: Arrange>(stage: &S) {
    let cases = entries::cases().into_iter().chain(boards::cases());
    for (number, Case { name, body }) in (1..).zip(cases) {
        println!("  {name}");
        body(&Scene { stage, number, marks: Cell::new(0) }).await;
    }
}

/// A session and a board that belong to one case.
pub struct Scene<'a, S> {
    stage: &'a S,
    number: u64,
    marks: Cell<u32>,
}

impl<'a, S: Arrange> Scene<'a, S> {
    fn cache(&self) -> &'a S::Cache {
        self.stage.cache()
    }

    fn key(&self) -> SessionKey {
        scenes::key(self.number)
    }

    fn shard(&self) -> ShardKey {
        scenes::shard(&format!("case-{}", self.number), 3)
    }

    /// A mark that nobody had before.
    fn mark(&self) -> FillMark {
        self.marks.set(self.marks.get() + 1);
        FillMark(format!("{:08x}{:08x}", self.number, self.marks.get()))
    }

    /// The `n`th stamp of a region.
    fn stamp(&self, region: u32, n: u32) -> Stamp {
        scenes::stamp(&scenes::region(region), self.stage.now(), n)
    }

    /// A region's part as its `n`th write left it.
    fn part(&self, region: u32, n: u32) -> SessionPart {
        let value = format!("{n} 밤 \"\\\n");
        let stamp = self.stamp(region, n);
        scenes::part(&self.key(), id(region), stamp, self.stage.now(), &[("cart", &value)])
    }

    async fn apply(&self, writes: &[CacheWrite]) {
        self.cache().apply(writes).await.expect("applied");
    }

    fn put(&self, region: u32, n: u32) -> CacheWrite {
        CacheWrite::Part(Box::new(self.part(region, n)))
    }

    fn gone(&self, region: u32, n: u32) -> CacheWrite {
        CacheWrite::PartGone { key: self.key(), id: id(region), written: self.stamp(region, n) }
    }
}

/// A region's first part.
fn id(region: u32) -> PartId {
    PartId { region: scenes::region(region), generation: 0 }
}

/// Names and bodies, written once.
macro_rules! cases {
    ($($name:ident),+ $(,)?) => {
        vec![$(Case { name: stringify!($name), body: |scene| Box::pin($name(scene)) }),+]
    };
}
use cases;
