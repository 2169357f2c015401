//! A design in a file, with its pictures beside it: what designers and tests work on without any server.

use std::io::Read;
use std::path::{Component, Path, PathBuf};

use anyhow::{Context, Result, bail};
use platen_press::problem::Words;
use platen_press::spec::{Content, limits::SPEC_BYTES_MAX};
use platen_press::text::{Rules, check_rules, judge};
use platen_press::{Assets, Checked, Problem, check_str};
use serde::Deserialize;
use serde_json::value::RawValue;
use serde_json::{Value, json};

/// Longest file looked at: a sample holds more than its spec.
const FILE_BYTES_MAX: u64 = 4 * SPEC_BYTES_MAX as u64;

/// A design as it was read.
pub(crate) struct Design {
    /// Its spec, or what is wrong with it.
    pub(crate) checked: Result<Checked, Vec<Problem>>,
    folder: PathBuf,
}

/// A sample wraps its spec with a note and expectations.
#[derive(Deserialize)]
struct Wrapped<'a> {
    #[serde(borrow)]
    spec: Option<&'a RawValue>,
}

impl Design {
    /// Reads a spec, or a sample that holds one, from a file or from standard input (`-`). Pictures are looked for in `assets`, else beside
    /// the file.
    pub(crate) fn read(file: &Path, assets: Option<&Path>) -> Result<Design> {
        let text = text(file)?;
        let wrapped = serde_json::from_str::<Wrapped<'_>>(&text).ok().and_then(|wrapped| wrapped.spec);
        let checked = check_str(wrapped.map_or(text.as_str(), RawValue::get));
        let beside = || file.parent().map_or_else(PathBuf::new, Path::to_path_buf);
        Ok(Design { checked, folder: assets.map_or_else(beside, Path::to_path_buf) })
    }

    /// Its spec, when it can be printed under these rules with the pictures that are there; else everything that is wrong.
    pub(crate) fn judged(self, rules: Option<&Value>) -> Result<(Checked, Assets), Vec<Problem>> {
        let checked = self.checked?;
        let rules = match rules {
            Some(rules) => check_rules(rules, checked.spec.zones())?,
            None => Rules::default(),
        };
        let mut problems = judge(&checked.spec, &rules);
        let mut assets = Assets::new();
        for (index, layer) in checked.spec.layers().iter().enumerate() {
            if let Content::Image(image) = &layer.content
                && let Err(words) = load(&self.folder, &image.href, &mut assets)
            {
                problems.push(Problem::new("missing_asset", format!("/layers/{index}/href"), words));
            }
        }
        if problems.is_empty() { Ok((checked, assets)) } else { Err(problems) }
    }
}

/// The text of a file.
fn text(file: &Path) -> Result<String> {
    let mut text = String::new();
    let mut read = |from: &mut dyn Read| from.take(FILE_BYTES_MAX + 1).read_to_string(&mut text);
    let read = if file == Path::new("-") {
        read(&mut std::io::stdin().lock())
    } else {
        std::fs::File::open(file).and_then(|mut open| read(&mut open))
    };
    let bytes = read.with_context(|| format!("{} cannot be read as text", file.display()))?;
    if bytes as u64 > FILE_BYTES_MAX {
        bail!("{} is longer than {FILE_BYTES_MAX} bytes; no spec is", file.display());
    }
    Ok(text)
}

/// A JSON document of a file.
pub(crate) fn json_file(file: &Path) -> Result<Value> {
    serde_json::from_str(&text(file)?).with_context(|| format!("{} is not JSON", file.display()))
}

/// Loads one picture from the folder, and never from outside it.
fn load(folder: &Path, href: &str, assets: &mut Assets) -> Result<(), Words> {
    let inside = Path::new(href).components().all(|part| matches!(part, Component::Normal(_)));
    let read = if inside { std::fs::read(folder.join(href)).ok() } else { None };
    let Some(bytes) = read else {
        return Err(Words {
            en: "There is no picture of this name beside the file; --assets names another folder.".to_owned(),
            fr: "Aucune image de ce nom à côté du fichier ; --assets désigne un autre dossier.".to_owned(),
        });
    };
    let no_picture = || Words {
        en: "The file of this name is no picture that can be printed.".to_owned(),
        fr: "Le fichier de ce nom n'est pas une image imprimable.".to_owned(),
    };
    assets.insert(href, &bytes).map_err(|_| no_picture())
}

/// Problems as the api writes them.
pub(crate) fn problems_json(problems: &[Problem]) -> Value {
    let one = |problem: &Problem| {
        json!({ "code": problem.code, "pointer": problem.pointer, "message": problem.message,
            "translations": { "fr": problem.message_fr } })
    };
    problems.iter().map(one).collect()
}

/// Problems as people read them, one a line.
pub(crate) fn problems_text(problems: &[Problem]) -> String {
    let line = |p: &Problem| {
        let pointer = if p.pointer.is_empty() { "(whole)" } else { &p.pointer };
        format!("{pointer}  {}  [{}]\n", p.message, p.code)
    };
    problems.iter().map(line).collect()
}
