//! The settings of a process: defaults compiled in, then a file, then the environment, then flags; checked once.

mod check;
mod layers;
mod schedules;

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::time::Duration;

use anyhow::{Result, bail};
use platen_shared::adapters::gelato;
use platen_shared::adapters::smtp::{self, Smtp};
use platen_shared::adapters::standing::Rates;
use platen_shared::clock::{Clock, SystemClock};
use platen_shared::db::At;
use platen_shared::ledger::Queue;
use platen_shared::ports::webhooks::{Doors, IpNet};
use platen_worker::Lane;
use secrecy::{ExposeSecret, SecretString};
use serde::{Deserialize, Deserializer};

pub(crate) use layers::{Setting, Sources};
use schedules::Schedule;

/// Every setting with its sentence.
pub(crate) const DEFAULTS: &str = include_str!("config.default.toml");

/// What a process is told. One field per section of `config.default.toml`, which says what each setting means.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Config {
    pub(crate) database: Database,
    pub(crate) redis: Redis,
    pub(crate) blobs: Blobs,
    pub(crate) http: Http,
    pub(crate) secrets: Secrets,
    pub(crate) api: Api,
    pub(crate) gelato: Gelato,
    pub(crate) mail: Mail,
    pub(crate) webhooks: Webhooks,
    pub(crate) worker: Worker,
    pub(crate) press: Press,
    pub(crate) lanes: BTreeMap<String, u32>,
    pub(crate) schedules: BTreeMap<String, Schedule>,
    pub(crate) clock: ClockSettings,
    pub(crate) log: Log,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Database {
    pub(crate) url: String,
    pub(crate) connections: u32,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Redis {
    #[serde(deserialize_with = "secret")]
    pub(crate) url: SecretString,
    pub(crate) prefix: String,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Blobs {
    pub(crate) url: String,
    pub(crate) access_key_id: String,
    #[serde(deserialize_with = "secret")]
    pub(crate) secret_access_key: SecretString,
    #[serde(deserialize_with = "secret")]
    pub(crate) session_token: SecretString,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Http {
    pub(crate) host: String,
    pub(crate) port: u16,
    pub(crate) public_url: String,
    pub(crate) body_bytes_max: usize,
    pub(crate) upload_bytes_max: usize,
    pub(crate) artwork_bytes_max: usize,
    pub(crate) requests_per_second_per_key: u32,
    pub(crate) public_requests_per_second: u32,
    pub(crate) cors_origins: Vec<String>,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Secrets {
    #[serde(deserialize_with = "secret")]
    pub(crate) key: SecretString,
    #[serde(deserialize_with = "secret")]
    pub(crate) other_key: SecretString,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Api {
    #[serde(deserialize_with = "secret")]
    pub(crate) root_key: SecretString,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Gelato {
    pub(crate) url: String,
    pub(crate) order_url: String,
    pub(crate) product_url: String,
    pub(crate) shipment_url: String,
    pub(crate) ecommerce_url: String,
    pub(crate) requests_per_second: u32,
    pub(crate) burst: u32,
    pub(crate) price_country: String,
    pub(crate) price_countries: Vec<String>,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Mail {
    #[serde(deserialize_with = "secret")]
    pub(crate) url: SecretString,
    pub(crate) from: String,
    pub(crate) ca: String,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Webhooks {
    pub(crate) allow: Vec<String>,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Worker {
    pub(crate) queues: Vec<String>,
    pub(crate) concurrency: usize,
    pub(crate) dispatch: String,
    pub(crate) renders: usize,
    pub(crate) drain_s: u64,
    pub(crate) keep_history_days: u32,
    pub(crate) metrics_addr: String,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Press {
    pub(crate) cmyk_profile: String,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct ClockSettings {
    pub(crate) speed: u32,
    pub(crate) anchor: String,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Log {
    pub(crate) format: String,
    pub(crate) level: String,
}

fn secret<'de, D: Deserializer<'de>>(from: D) -> Result<SecretString, D::Error> {
    String::deserialize(from).map(SecretString::from)
}

impl Config {
    /// Reads all sources and checks the whole.
    pub(crate) fn load(sources: &Sources) -> Result<Config> {
        Config::with_settings(sources).map(|(config, _)| config)
    }

    /// The same, with each setting and where it came from.
    pub(crate) fn with_settings(sources: &Sources) -> Result<(Config, Vec<Setting>)> {
        let settings = layers::read(sources)?;
        let config: Config = layers::nested(&settings).try_into()?;
        let problems = check::problems(&config);
        if !problems.is_empty() {
            bail!("{}", problems.join("\n  "));
        }
        Ok((config, settings))
    }

    /// The address that links to files begin with.
    pub(crate) fn public_url(&self) -> String {
        match self.http.public_url.trim_end_matches('/') {
            "" => format!("http://{}:{}", self.http.host, self.http.port),
            given => given.to_owned(),
        }
    }

    /// The queues that a worker serves, and how.
    pub(crate) fn lanes(&self) -> Vec<Lane> {
        let named: Vec<Queue> = self.worker.queues.iter().filter_map(|word| word.parse().ok()).collect();
        let served = if named.is_empty() { Queue::ALL.to_vec() } else { named };
        served.into_iter().map(|queue| self.lane(queue)).collect()
    }

    fn lane(&self, queue: Queue) -> Lane {
        let of = |what: &str| self.lanes.get(&format!("{}_{what}", queue.word())).copied().unwrap_or(1);
        Lane {
            queue,
            concurrency: usize::try_from(of("concurrency")).unwrap_or(1),
            timeout: Duration::from_secs(u64::from(of("timeout_s"))),
            priority: i64::from(of("priority")),
        }
    }

    /// Where workers hear of work; `None`: the database.
    pub(crate) fn redis(&self) -> Option<platen_worker::Redis> {
        let (url, prefix) = (self.redis.url.clone(), self.redis.prefix.clone());
        (self.worker.dispatch == "auto" && !url.expose_secret().is_empty())
            .then_some(platen_worker::Redis { url, prefix })
    }

    /// Where letters are handed in; `None` when no server is set.
    pub(crate) fn smtp(&self) -> Result<Option<Smtp>, String> {
        if self.mail.url.expose_secret().is_empty() {
            return Ok(None);
        }
        let smtp = Smtp::new(smtp::Server::read(&self.mail.url)?, &self.mail.from)?;
        let ca = self.mail.ca.as_str();
        if ca.is_empty() {
            return Ok(Some(smtp));
        }
        let pem = std::fs::read(ca).map_err(|e| format!("mail.ca: the file {ca} cannot be read: {e}"))?;
        smtp.trusting(&pem).map(Some)
    }

    /// Who may be sent webhooks.
    pub(crate) fn doors(&self) -> Result<Doors, String> {
        let range = |text: &String| {
            text.parse().map_err(|_| format!("webhooks.allow: `{text}` is no range such as 10.1.0.0/16 or fd00::/8"))
        };
        let allowed: Result<Vec<IpNet>, String> = self.webhooks.allow.iter().map(range).collect();
        Ok(Doors::new(allowed?))
    }

    /// How Gelato is reached.
    pub(crate) fn gelato(&self) -> gelato::Settings {
        let g = &self.gelato;
        let base = |own: &str| if g.url.is_empty() { own } else { &g.url }.trim_end_matches('/').to_owned();
        gelato::Settings {
            order_url: base(&g.order_url),
            product_url: base(&g.product_url),
            shipment_url: base(&g.shipment_url),
            ecommerce_url: base(&g.ecommerce_url),
            requests_per_second: g.requests_per_second,
            burst: g.burst,
            price_country: g.price_country.clone(),
            price_countries: g.price_countries.clone(),
        }
    }

    /// The request budget at every provider.
    pub(crate) fn budgets(&self) -> Rates {
        [(gelato::PROVIDER, self.gelato().rate())].into()
    }

    /// The business clock.
    pub(crate) fn clock(&self) -> SystemClock {
        match self.clock.anchor.parse::<jiff::Timestamp>() {
            Ok(anchor) if self.clock.speed > 1 => SystemClock::fast(At::from(anchor), self.clock.speed),
            _ => SystemClock::new(),
        }
    }

    /// The business clock's moment.
    pub(crate) fn clock_now(&self) -> At {
        self.clock().now()
    }

    /// At shutdown, how long running jobs may take.
    pub(crate) fn drain(&self) -> Duration {
        Duration::from_secs(self.worker.drain_s)
    }

    /// The file of a SQLite URL.
    pub(crate) fn sqlite_file(&self) -> Option<PathBuf> {
        let rest = self.database.url.strip_prefix("sqlite:")?;
        let path = rest.strip_prefix("//").unwrap_or(rest).split('?').next()?;
        (!path.is_empty() && path != ":memory:").then(|| PathBuf::from(path))
    }
}
