//! An incident as a file: which faults are on from when, over the virtual clock, with recorded answers where they matter.
//!
//! ```json
//! { "about": "what happened, in a sentence",
//!   "seed": 7,
//!   "faults": [ { "kind": "dropReply", "op": "create", "times": 1 } ],
//!   "steps":  [ { "afterSeconds": 3600, "clear": true,
//!                 "faults": [ { "kind": "answer", "op": "get", "body": { "fulfillmentStatus": "teleporting" } } ] } ] }
//! ```

use std::time::Duration;

use anyhow::{Context as _, bail, ensure};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::faults::{Fault, Faults};

/// Faults and steps of one file.
const FAULTS_MAX: usize = 1000;
const FIELDS: [&str; 5] = ["op", "key", "referencePrefix", "times", "probability"];

/// An incident.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Scenario {
    /// What happened, for people.
    #[serde(default)]
    pub about: String,
    /// In the place of the stand-in's seed.
    #[serde(default)]
    pub seed: Option<u64>,
    /// On from the beginning.
    #[serde(default)]
    pub faults: Vec<Fault>,
    /// What changes later.
    #[serde(default)]
    pub steps: Vec<Step>,
}

/// A change of the faults at a moment of virtual time.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Step {
    /// Virtual seconds after the scenario began.
    pub after_seconds: u64,
    /// Switches all off first.
    #[serde(default)]
    pub clear: bool,
    /// Then switches these on.
    #[serde(default)]
    pub faults: Vec<Fault>,
}

impl Scenario {
    /// Reads a file's text. A field that is misspelt is an error, never ignored.
    pub fn read(text: &str) -> anyhow::Result<Scenario> {
        let value: Value = serde_json::from_str(text).context("a scenario is a JSON object")?;
        ensure!(value.is_object(), "a scenario is a JSON object");
        let scenario: Scenario = serde_json::from_value(value.clone()).context("the scenario cannot be read")?;
        check(&value["faults"], &scenario.faults, "faults")?;
        for (n, step) in scenario.steps.iter().enumerate() {
            check(&value["steps"][n]["faults"], &step.faults, &format!("steps[{n}].faults"))?;
        }
        let sorted = scenario.steps.is_sorted_by_key(|step| step.after_seconds);
        ensure!(sorted, "the steps of a scenario come in the order of their afterSeconds");
        let all = scenario.faults.len() + scenario.steps.iter().map(|step| step.faults.len()).sum::<usize>();
        ensure!(all <= FAULTS_MAX, "a scenario has at most {FAULTS_MAX} faults");
        Ok(scenario)
    }
}

impl Fault {
    /// Reads `{"kind": …}`, or the short form `kind:name=value,name=value`, where a value is JSON or else text.
    pub fn read(text: &str) -> anyhow::Result<Fault> {
        let value = match text.trim_start().starts_with('{') {
            true => serde_json::from_str(text).context("the fault is no JSON object")?,
            false => short(text)?,
        };
        let fault: Fault =
            serde_json::from_value(value.clone()).with_context(|| format!("the fault `{text}` cannot be read"))?;
        check(&Value::Array(vec![value]), std::slice::from_ref(&fault), "fault")?;
        Ok(fault)
    }
}

fn short(text: &str) -> anyhow::Result<Value> {
    let (kind, rest) = text.split_once(':').unwrap_or((text, ""));
    let mut fields = serde_json::Map::from_iter([("kind".to_owned(), Value::from(kind))]);
    for pair in rest.split(',').filter(|pair| !pair.is_empty()) {
        let Some((name, value)) = pair.split_once('=') else { bail!("`{pair}` in `{text}` is not name=value") };
        let value = serde_json::from_str(value).unwrap_or_else(|_| Value::from(value));
        fields.insert(name.to_owned(), value);
    }
    Ok(Value::Object(fields))
}

/// Every field of the text must be one that the fault has.
fn check(written: &Value, read: &[Fault], place: &str) -> anyhow::Result<()> {
    for (n, fault) in read.iter().enumerate() {
        let known = serde_json::to_value(fault)?;
        let Some(fields) = written[n].as_object() else { continue };
        for name in fields.keys() {
            let is_known = known.get(name).is_some() || FIELDS.contains(&name.as_str());
            ensure!(
                is_known,
                "{place}[{n}] has the field `{name}`, which a fault of the kind {} does not have",
                known["kind"]
            );
        }
    }
    Ok(())
}

/// A scenario that runs.
#[derive(Default)]
pub(crate) struct Running {
    begun: Option<Timestamp>,
    left: Vec<Step>,
}

impl Running {
    /// Begins now, in the place of whatever was on.
    pub(crate) fn begin(&mut self, scenario: Scenario, now: Timestamp, faults: &mut Faults) {
        faults.clear();
        for fault in scenario.faults {
            faults.set(fault);
        }
        (self.begun, self.left) = (Some(now), scenario.steps);
    }

    /// Takes the steps whose moment has come.
    pub(crate) fn advance(&mut self, now: Timestamp, faults: &mut Faults) {
        let Some(begun) = self.begun else { return };
        let passed = Duration::try_from(now.duration_since(begun)).unwrap_or_default().as_secs();
        while self.left.first().is_some_and(|step| step.after_seconds <= passed) {
            let step = self.left.remove(0);
            if step.clear {
                faults.clear();
            }
            for fault in step.faults {
                faults.set(fault);
            }
        }
    }
}
