//! What every route has at hand, built once.

use crate::gate::Gate;
use crate::memory::Memory;
use crate::metrics::{Gauges, Metrics};
use crate::model::{Embedded, Model, OpenAi};
use crate::sessions::Sessions;
use crate::settings::{Faults, ModelKind, SecretPlace, Settings, StoreKind};
use crate::store::Store;
use crate::ticket::Key;
use std::sync::Arc;
#[cfg(feature = "aws")]
use std::time::Duration;

/// The service.
pub struct App {
    /// What it was told.
    pub settings: Settings,
    /// Admission.
    pub gate: Gate,
    /// What is counted.
    pub metrics: Arc<Metrics>,
    /// The session store.
    pub sessions: Sessions,
    /// Who answers.
    pub model: Model,
    /// What tickets are signed with.
    pub key: Key,
}

impl App {
    /// Builds it from settings and the process's environment: reads secrets, talks to nobody else.
    ///
    /// # Errors
    /// [`Faults`]
    pub async fn new(settings: Settings) -> Result<Self, Faults> {
        let key = Key::new(secret(&settings.key).await?.as_bytes());
        let key = key.map_err(|why| Faults(vec![format!("AIRA_KEY: {why}")]))?;
        let store: Arc<dyn Store> = match settings.store {
            StoreKind::Memory => Arc::new(Memory::new(settings.idle)),
            StoreKind::Table => table(&key, &settings)?,
        };
        let model = model(&settings.model).await?;
        Ok(Self::with(settings, key, store, model))
    }

    /// Of these parts.
    pub fn with(settings: Settings, key: Key, store: Arc<dyn Store>, model: Model) -> Self {
        let metrics = Arc::new(Metrics::default());
        let sessions = Sessions::new(store, Arc::clone(&metrics));
        Self {
            gate: Gate::new(settings.limits.concurrency),
            settings,
            metrics,
            sessions,
            model,
            key,
        }
    }

    /// On an instance: says that it leaves as soon as its group has decided so. It goes on serving
    /// until it is told to end.
    #[cfg(feature = "aws")]
    pub async fn watch_group(&self, instance: crate::instance::Instance, every: Duration) {
        instance.taken_away(every).await;
        self.gate.advance(crate::gate::Phase::Leaving);
        crate::log::line(crate::log::Level::Info, "the group takes it away", serde_json::json!({}));
    }

    /// What the gauges show now.
    pub fn gauges(&self) -> Gauges {
        let is_draining = self.gate.phase() > crate::gate::Phase::Open;
        Gauges { in_flight: self.gate.running(), limit: self.gate.limit(), is_draining }
    }
}

async fn model(kind: &ModelKind) -> Result<Model, Faults> {
    Ok(match kind {
        ModelKind::Embedded(timing) => Model::Embedded(Embedded::new(*timing)),
        ModelKind::OpenAi { base, model, key } => {
            let key = match key {
                Some(place) => Some(secret(place).await?),
                None => None,
            };
            Model::OpenAi(Box::new(OpenAi::new(base, model, key.as_deref())?))
        }
    })
}

/// A secret's text, without the line's end that an editor leaves.
///
/// # Errors
/// Where it is not; nothing of it.
pub async fn secret(place: &SecretPlace) -> Result<String, Faults> {
    let text = match place {
        SecretPlace::Variable(name) => {
            std::env::var(name).map_err(|_| format!("{name} cannot be read"))
        }
        SecretPlace::File(path) => {
            std::fs::read_to_string(path).map_err(|why| format!("the file {path}: {why}"))
        }
        SecretPlace::Arn(arn) => in_secrets_manager(arn).await,
    };
    text.map(|text| text.trim().to_owned()).map_err(|fault| Faults(vec![fault]))
}

#[cfg(feature = "aws")]
async fn in_secrets_manager(arn: &str) -> Result<String, String> {
    crate::table::secret(arn).await
}

#[cfg(not(feature = "aws"))]
async fn in_secrets_manager(_: &str) -> Result<String, String> {
    Err("a secret in Secrets Manager: this build has no AWS".to_owned())
}

#[cfg(feature = "aws")]
fn table(key: &Key, settings: &Settings) -> Result<Arc<dyn Store>, Faults> {
    Ok(Arc::new(crate::table::Table::from_env(key, settings.idle)?))
}

#[cfg(not(feature = "aws"))]
fn table(_: &Key, _: &Settings) -> Result<Arc<dyn Store>, Faults> {
    Err(Faults(vec!["AIRA_STORE=table: this build has no AWS".to_owned()]))
}
