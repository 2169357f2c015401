//! Every error code that the code names is in the one table of them.

use std::collections::BTreeSet;

use platen_shared::codes::{ERROR_CODES, Place};

use crate::repo::{none, sources};

/// What makes a failure of a class: the class is the first text in it.
const MAKERS: [&str; 3] = ["Failure::fatal(", "Failure::passing(", "Trouble::new("];

/// The first text of a call, where its first argument is one.
fn class(call: &str) -> Option<&str> {
    let rest = call.trim_start().strip_prefix('"')?;
    rest.split_once('"').map(|(class, _)| class)
}

#[test]
fn no_failure_of_a_job_is_of_a_class_outside_of_the_table() {
    let known: BTreeSet<&str> =
        ERROR_CODES.iter().filter(|code| code.place == Place::Job).map(|code| code.word).collect();
    let (mut wrong, mut named) = (Vec::new(), BTreeSet::new());
    for source in sources().iter().filter(|s| s.is_in(&["jobs/src/", "worker/src/", "api/src/"])) {
        let code: String = source.code().map(|(_, line)| format!("{line}\n")).collect();
        for maker in MAKERS {
            for (at, _) in code.match_indices(maker) {
                let Some(class) = class(&code[at + maker.len()..]) else { continue };
                named.insert(class.to_owned());
                if !known.contains(class) {
                    wrong.push(format!("{}: `{class}`", source.path));
                }
            }
        }
    }
    assert!(named.len() > 15, "the classes are named in another way now: {named:?}");
    none("Add the class to shared/src/codes.rs:", &wrong);
    // Those that come from a port's error or from a constant are in a match, and are read from there.
    let text: String =
        sources().iter().filter(|s| s.is_in(&["jobs/src/", "worker/src/"])).map(|s| s.text.as_str()).collect();
    let idle: Vec<_> =
        known.iter().filter(|word| !text.contains(&format!("\"{word}\""))).map(ToString::to_string).collect();
    none("No code names these classes any more, take them out of shared/src/codes.rs:", &idle);
}
