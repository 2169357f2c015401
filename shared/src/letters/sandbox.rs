//! Where words run: no files, no other templates, a bound on steps and on length, and no name that is not there.

use std::io::{self, Write};

use minijinja::{AutoEscape, Environment, UndefinedBehavior};
use serde_json::Value;

/// Steps of one template.
const FUEL: u64 = 20_000;
/// Bytes of what it writes.
const BYTES_MAX: usize = 64 * 1024;

/// Words that do not run.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct Refused(String);

impl Refused {
    pub(super) fn new(why: impl Into<String>) -> Refused {
        Refused(why.into())
    }
}

/// Runs one text; in `html` every value is escaped.
pub(super) fn run(part: &str, text: &str, context: &Value) -> Result<String, Refused> {
    let mut world = Environment::empty();
    world.set_undefined_behavior(UndefinedBehavior::Strict);
    world.set_fuel(Some(FUEL));
    world.set_auto_escape_callback(|name| if name == "html" { AutoEscape::Html } else { AutoEscape::None });
    world.add_filter("upper", |text: String| text.to_uppercase());
    world.add_filter("lower", |text: String| text.to_lowercase());
    let template = world.template_from_named_str(part, text).map_err(|error| said(part, &error))?;
    let mut out = Bounded(Vec::new());
    template.render_captured_to(minijinja::value::Serde(context), &mut out).map_err(|error| said(part, &error))?;
    String::from_utf8(out.0).map_err(|_| Refused::new("what it writes is no text"))
}

fn said(part: &str, error: &minijinja::Error) -> Refused {
    let line = error.line().map_or_else(String::new, |line| format!(", line {line}"));
    let detail =
        error.detail().map_or_else(|| error.kind().to_string(), |detail| format!("{}: {detail}", error.kind()));
    Refused(format!("{part}{line}: {detail}"))
}

/// Takes so many bytes and no more.
struct Bounded(Vec<u8>);

impl Write for Bounded {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if self.0.len() + bytes.len() > BYTES_MAX {
            return Err(io::Error::other("longer than 64 KiB"));
        }
        self.0.extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
