//! The item of a region's control table that says which cache entries can be trusted.

use crate::sessions::stage::{SessionCall, Stage};
use jiff::Timestamp;
use std::sync::{Arc, Mutex, PoisonError};
use tidegate_domain::ports::PortResult;
use tidegate_domain::sessions::ports::{Epoch, EpochItem};
use tidegate_domain::sessions::stamp::RegionName;

/// A region's epoch item; clones share it.
#[derive(Debug, Clone)]
pub struct EpochTwin {
    stage: Stage,
    region: RegionName,
    stands: Arc<Mutex<Epoch>>,
}

impl EpochTwin {
    /// No item yet.
    pub fn new(stage: &Stage, region: &RegionName) -> Self {
        Self { stage: stage.clone(), region: region.clone(), stands: Arc::default() }
    }

    /// What stands there, around the port.
    pub fn stands(&self) -> Epoch {
        *self.stands.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl EpochItem for EpochTwin {
    async fn epoch(&self) -> PortResult<Epoch> {
        self.stage.turn().await;
        self.stage.call(SessionCall::Epoch, &self.region, |_| Ok(self.stands()))
    }

    async fn doubt(&self, now: Timestamp, until: Timestamp) -> PortResult<Epoch> {
        self.stage.turn().await;
        self.stage.call(SessionCall::Doubt, &self.region, |_| {
            let mut stands = self.stands.lock().unwrap_or_else(PoisonError::into_inner);
            if stands.doubt_until.is_none_or(|standing| standing < now) {
                let number = stands.number.saturating_add(1);
                *stands = Epoch { number, doubt_until: Some(until) };
            }
            Ok(*stands)
        })
    }
}
