//! States in Redis: one script, one round trip per step, on Redis's own clock. Nothing there must last: the script knows since when Redis
//! remembers, and a state from before counts as an empty bucket and a closed breaker, which both mend by themselves.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use redis::Script;
use tokio::sync::OnceCell;
use tokio::time::timeout;

use super::{AccountKey, Board, Stepped, Unreachable};
use crate::adapters::http::machine::{State, Step, Verdict};
use crate::clock::Clock;
use crate::redis::{ConnectionManager, connect};

/// A server that needs longer is not there: callers wait for it.
const ANSWER_MAX: Duration = Duration::from_secs(2);

/// States under `<prefix>:<provider>:<tenant>`.
pub struct RedisBoard {
    url: String,
    prefix: String,
    connection: OnceCell<ConnectionManager>,
    script: Script,
    clock: Option<Arc<dyn Clock>>,
}

impl RedisBoard {
    /// Over the server of a URL, under an installation's prefix. It is first reached at the first step, so that a process starts without it.
    #[must_use]
    pub fn new(url: &str, installation: &str) -> RedisBoard {
        RedisBoard::under(url, &format!("{installation}:gate"), None)
    }

    /// The same under other keys, and on another clock than Redis's: what tests need that share a server.
    #[must_use]
    pub fn under(url: &str, prefix: &str, clock: Option<Arc<dyn Clock>>) -> RedisBoard {
        let script = Script::new(include_str!("gate.lua"));
        RedisBoard { url: url.to_owned(), prefix: prefix.to_owned(), connection: OnceCell::new(), script, clock }
    }

    async fn run(&self, account: AccountKey, step: &Step) -> Result<Vec<i64>, redis::RedisError> {
        let mut connection = self.connection.get_or_try_init(|| connect(&self.url)).await?.clone();
        let prefix = &self.prefix;
        let mut call = self.script.key(format!("{prefix}:{}:{}", account.provider, account.tenant));
        call.key(format!("{prefix}:since"));
        match &self.clock {
            Some(clock) => call.arg(clock.now().0),
            None => call.arg(""),
        };
        let (word, numbers) = spelt(step);
        call.arg(word);
        for number in numbers {
            call.arg(number);
        }
        call.invoke_async(&mut connection).await
    }
}

#[async_trait]
impl Board for RedisBoard {
    async fn step(&self, account: AccountKey, step: &Step) -> Result<Stepped, Unreachable> {
        // The error's own text may name the server, never the password.
        let answer = match timeout(ANSWER_MAX, self.run(account, step)).await {
            Ok(answer) => answer.map_err(|error| Unreachable(error.to_string()))?,
            Err(_) => return Err(Unreachable(format!("no answer within {} s", ANSWER_MAX.as_secs()))),
        };
        read(&answer).ok_or_else(|| Unreachable("Redis answered the gate's script with something else".into()))
    }

    fn place(&self) -> &'static str {
        "redis"
    }
}

fn spelt(step: &Step) -> (&'static str, Vec<i64>) {
    match *step {
        Step::Enter { budget, room, wait_max, want } => {
            ("enter", vec![budget.interval, budget.burst, room, wait_max, want])
        }
        Step::Admit => ("admit", vec![]),
        Step::Answered { probe } => ("answered", vec![probe]),
        Step::Failed { probe } => ("failed", vec![probe]),
        Step::Throttled { probe, asked } => ("throttled", vec![probe, asked]),
        Step::Abandoned { probe } => ("abandoned", vec![probe]),
        Step::Empty { budget, hold } => ("empty", vec![budget.interval, budget.burst, hold]),
        Step::Look => ("look", vec![]),
    }
}

fn read(answer: &[i64]) -> Option<Stepped> {
    let &[verdict, number, lease, tokens, now, ref state @ ..] = answer else { return None };
    let &[full_at, paused_until, throttles, failures, opened_at, open_until, probe_until] = state else { return None };
    let verdict = match verdict {
        0 => Verdict::Go { wait: number, probe: lease, tokens },
        1 => Verdict::Limited { after: number },
        2 => Verdict::Open { after: number },
        3 => Verdict::Noted { pause: number },
        _ => return None,
    };
    let state = State { full_at, paused_until, throttles, failures, opened_at, open_until, probe_until };
    Some(Stepped { verdict, state, now })
}

impl fmt::Debug for RedisBoard {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("RedisBoard")
    }
}
