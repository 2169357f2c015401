//! Our own print files, before they leave: the very bytes, looked at as a stranger's would be.

use std::io::Cursor;

use super::{Target, Verdict, all_rules, check, rules_of};
use crate::PressError;
use crate::spec::Spec;

/// What a provider's rules refuse of a print file (PDF, PNG, SVG) of one of a design's zones, in a sentence; nothing when it may be sent.
///
/// # Errors
/// [`PressError::OutOfLimits`] for a zone that the design has not.
pub fn inspect(spec: &Spec, zone: &str, file: &[u8], provider: &str) -> Result<Option<String>, PressError> {
    let rules =
        rules_of(provider).or(all_rules().first()).ok_or(PressError::Defect("there are no provider's rules"))?;
    let known = spec.zones().iter().find(|known| known.id == zone);
    let known = known.ok_or_else(|| PressError::OutOfLimits("The design has no zone of this name.".to_owned()))?;
    let target = Target {
        product: Some(spec.product_id().to_owned()),
        kind: Some(spec.product_kind().to_owned()),
        size_um: Some((known.width_um, known.height_um)),
        bleed_um: Some(known.bleed_um),
        pages: Some(1),
    };
    let report = check(Cursor::new(file), rules, target);
    // The worst come first.
    Ok(report.checks.into_iter().next().filter(|first| first.verdict == Verdict::Refuse).map(|first| first.message))
}
