//! What a run is to do: the workload, the faults with their intervals, and the presets.

use std::collections::BTreeMap;
use std::time::Duration;

use anyhow::{Result, bail};

/// Something that goes wrong again and again.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Fault {
    /// SIGKILL to a worker.
    KillWorkers,
    /// SIGKILL to an api.
    KillApi,
    /// SIGKILL to Redis, which comes back empty.
    RestartRedis,
    /// Redis forgets everything.
    FlushRedis,
    /// SIGKILL to Postgres.
    KillPostgres,
    /// SIGSTOP to a worker until others have taken its jobs, then SIGCONT.
    Stop,
    /// One worker's way to one server is cut for a while.
    Cut,
    /// One worker's way to one server is slow for a while.
    Delay,
    /// A worker is killed and comes back on a machine whose clock is wrong.
    Skew,
}

impl Fault {
    /// All of them.
    pub(super) const ALL: [Fault; 9] = [
        Fault::KillWorkers,
        Fault::KillApi,
        Fault::RestartRedis,
        Fault::FlushRedis,
        Fault::KillPostgres,
        Fault::Stop,
        Fault::Cut,
        Fault::Delay,
        Fault::Skew,
    ];

    /// Its option, without the dashes.
    pub(super) fn word(self) -> &'static str {
        match self {
            Fault::KillWorkers => "kill-workers",
            Fault::KillApi => "kill-api",
            Fault::RestartRedis => "restart-redis",
            Fault::FlushRedis => "flush-redis",
            Fault::KillPostgres => "kill-postgres",
            Fault::Stop => "stop",
            Fault::Cut => "cut",
            Fault::Delay => "delay",
            Fault::Skew => "skew",
        }
    }

    /// Why it cannot happen on these servers, if it cannot.
    fn impossible(self, postgres: bool, redis: bool) -> Option<&'static str> {
        match self {
            Fault::RestartRedis | Fault::FlushRedis if !redis => Some("needs --redis"),
            Fault::KillPostgres if !postgres => Some("needs --database postgres"),
            // All processes of a machine share its clock, and a SQLite file has one machine.
            Fault::Skew if !postgres => Some("needs --database postgres: SQLite's processes share one machine's clock"),
            _ => None,
        }
    }
}

/// A named set of settings; what is typed overrides it.
#[derive(Clone, Copy, Debug)]
pub(super) struct Preset {
    /// How it is asked for.
    pub(super) name: &'static str,
    pub(super) orders: u32,
    pub(super) within: Duration,
    pub(super) postgres: bool,
    pub(super) redis: bool,
    pub(super) calm: bool,
    /// Faults and how many seconds lie between two of a kind.
    pub(super) faults: &'static [(Fault, u64)],
    /// Of the printer's replies, how many of a thousand are lost.
    pub(super) lost_replies: u32,
    /// The printer answers 503 for so many seconds from the beginning.
    pub(super) outage: Option<u64>,
    /// Requests per second that its account allows.
    pub(super) budget: u32,
    /// How many times faster than the wall business time runs: the first look at an order comes after six of its hours.
    pub(super) speed: u32,
}

const EVERYTHING: Preset = Preset {
    name: "everything",
    orders: 300,
    within: Duration::from_secs(600),
    postgres: false,
    redis: false,
    calm: false,
    faults: &[
        (Fault::KillWorkers, 4),
        (Fault::KillApi, 6),
        (Fault::RestartRedis, 9),
        (Fault::FlushRedis, 7),
        (Fault::KillPostgres, 13),
        (Fault::Stop, 12),
        (Fault::Cut, 7),
        (Fault::Delay, 6),
        (Fault::Skew, 11),
    ],
    lost_replies: 30,
    outage: None,
    // No limit of the printer's is part of this.
    budget: 10_000,
    speed: 2000,
};

/// Every preset. The first one holds when none is named.
pub(super) const PRESETS: [Preset; 4] = [
    EVERYTHING,
    Preset {
        name: "f01",
        orders: 10_000,
        within: Duration::from_secs(3600),
        postgres: true,
        redis: true,
        calm: true,
        faults: &[(Fault::KillWorkers, 2), (Fault::KillApi, 10), (Fault::RestartRedis, 20), (Fault::FlushRedis, 60)],
        lost_replies: 0,
        ..EVERYTHING
    },
    Preset {
        name: "f03",
        orders: 500,
        within: Duration::from_secs(3600),
        postgres: true,
        redis: true,
        faults: &[],
        lost_replies: 0,
        outage: Some(30 * 60),
        budget: 10,
        // The looks at orders come when all of them are submitted, and take nothing of the budget before.
        speed: 60,
        ..EVERYTHING
    },
    Preset { name: "none", faults: &[], lost_replies: 0, ..EVERYTHING },
];

/// The preset of a name.
pub(super) fn preset(name: &str) -> Result<Preset> {
    match PRESETS.iter().find(|preset| preset.name == name) {
        Some(found) => Ok(*found),
        None => bail!("there is no preset {name}; the presets are {}", PRESETS.map(|preset| preset.name).join(", ")),
    }
}

/// A whole run.
#[derive(Clone, Debug)]
pub(super) struct Plan {
    pub(super) seed: u64,
    pub(super) host: std::net::IpAddr,
    pub(super) orders: u32,
    pub(super) workers: usize,
    pub(super) apis: usize,
    /// The orders come evenly over this time; at once when there is none.
    pub(super) over: Option<Duration>,
    /// What has not ended by then counts as lost.
    pub(super) within: Duration,
    pub(super) postgres: bool,
    pub(super) redis: bool,
    pub(super) calm: bool,
    pub(super) faults: BTreeMap<Fault, Duration>,
    /// After this time nothing breaks any more; things break until the end when there is none.
    pub(super) faults_for: Option<Duration>,
    /// Of a thousand.
    pub(super) lost_replies: u32,
    pub(super) outage: Option<Duration>,
    /// How late each of the printer's replies comes, so that jobs last.
    pub(super) slow_replies: Duration,
    pub(super) budget: u32,
    pub(super) speed: u32,
}

impl Plan {
    /// The same workload, with nothing going wrong.
    pub(super) fn calmed(&self) -> Plan {
        Plan { faults: BTreeMap::new(), lost_replies: 0, outage: None, ..self.clone() }
    }

    /// Takes out what these servers cannot suffer; answers a sentence for each.
    pub(super) fn fit(&mut self) -> Vec<String> {
        let (postgres, redis) = (self.postgres, self.redis);
        let mut said = Vec::new();
        self.faults.retain(|fault, _| match fault.impossible(postgres, redis) {
            Some(why) => {
                said.push(format!("--{} is off: it {why}", fault.word()));
                false
            }
            None => true,
        });
        said
    }
}

/// A span as people type it: `500ms`, `2s`, `1m`.
pub(super) fn span(text: &str) -> Result<Duration, String> {
    let wrong = || format!("`{text}` is no span of time; write 500ms, 2s or 1m");
    let digits = text.find(|c: char| !c.is_ascii_digit()).ok_or_else(wrong)?;
    let (number, unit) = text.split_at(digits);
    let number: u64 = number.parse().map_err(|_| wrong())?;
    let ms = match unit {
        "ms" => 1,
        "s" => 1000,
        "m" => 60_000,
        _ => return Err(wrong()),
    };
    match number.checked_mul(ms).filter(|all| (1..=86_400_000).contains(all)) {
        Some(all) => Ok(Duration::from_millis(all)),
        None => Err(format!("`{text}` is not between 1ms and a day")),
    }
}

/// An interval, or `off` (no time at all).
pub(super) fn every(text: &str) -> Result<Duration, String> {
    if text == "off" { Ok(Duration::ZERO) } else { span(text) }
}

/// A share as people type it (`5%`, `0.5%`), in thousandths.
pub(super) fn share(text: &str) -> Result<u32, String> {
    let percent = text.strip_suffix('%').and_then(|number| number.parse::<f64>().ok());
    match percent.filter(|percent| (0.0..=50.0).contains(percent)) {
        Some(percent) => Ok((percent * 10.0).round() as u32),
        None => Err(format!("`{text}` is no share; write 5%, at most 50%")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spans_and_shares_are_read_as_typed() {
        assert_eq!(span("500ms"), Ok(Duration::from_millis(500)));
        assert_eq!((span("2s"), every("1m")), (Ok(Duration::from_secs(2)), Ok(Duration::from_secs(60))));
        assert_eq!((every("off"), share("0.5%")), (Ok(Duration::ZERO), Ok(5)));
        for wrong in ["", "2", "s", "0s", "2h", "-1s", "99999999999999999999s", "2 s"] {
            assert!(span(wrong).is_err(), "{wrong}");
        }
        for wrong in ["5", "51%", "-1%", "NaN%", "%"] {
            assert!(share(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn what_is_not_there_cannot_fail() {
        let faults = Fault::ALL.map(|fault| (fault, Duration::from_secs(1))).into();
        let mut plan = Plan {
            seed: 1,
            host: std::net::Ipv4Addr::LOCALHOST.into(),
            orders: 1,
            workers: 1,
            apis: 1,
            over: None,
            within: Duration::from_secs(1),
            postgres: false,
            redis: false,
            calm: false,
            faults,
            faults_for: None,
            lost_replies: 0,
            outage: None,
            slow_replies: Duration::ZERO,
            budget: 1,
            speed: 1,
        };
        assert_eq!(plan.fit().len(), 4);
        assert_eq!(plan.faults.len(), 5);
        plan.faults = Fault::ALL.map(|fault| (fault, Duration::from_secs(1))).into();
        (plan.postgres, plan.redis) = (true, true);
        assert!(plan.fit().is_empty());
        assert!(plan.calmed().faults.is_empty());
    }
}
