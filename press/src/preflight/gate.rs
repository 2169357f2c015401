//! The last look at print files before they leave: the very bytes that the printer will fetch, by the rules that files of strangers are
//! looked at with.

use std::io::Cursor;

use super::{Rules, Sends, Target, Verdict, check};
use crate::PressError;
use crate::spec::{Spec, Zone};

/// The check of a file on which nothing is to be seen.
const BLANK: &str = "alpha";

/// Zones whose file must not be sent, each with a sentence. A side that was left empty is fine, as long as another one is not.
///
/// # Errors
/// [`PressError::OutOfLimits`] for the file of a zone that the design has not.
pub fn refused(
    spec: &Spec,
    files: &[(String, impl AsRef<[u8]>)],
    rules: &Rules,
    uid: &str,
) -> Result<Vec<(String, String)>, PressError> {
    let sends = rules.sends(uid);
    let mut judged = Vec::new();
    for (id, bytes) in files {
        let zone = spec.zones().iter().find(|zone| zone.id == *id);
        let zone = zone.ok_or_else(|| PressError::OutOfLimits(format!("The design has no zone `{id}`.")))?;
        if let Some((what, sentence)) = judge(zone, bytes.as_ref(), sends, rules, uid) {
            judged.push((id.clone(), what, sentence));
        }
    }
    let blank = judged.iter().filter(|(_, what, _)| what == BLANK).count() == files.len();
    let stops = judged.into_iter().filter(|(_, what, _)| blank || what != BLANK);
    Ok(stops.map(|(zone, _, sentence)| (zone, sentence)).collect())
}

/// What is wrong with one file: the check and its sentence.
fn judge(zone: &Zone, file: &[u8], sends: Sends, rules: &Rules, uid: &str) -> Option<(String, String)> {
    let target = Target {
        size_um: Some((zone.width_um, zone.height_um)),
        bleed_um: Some(zone.bleed_um),
        pages: (sends == Sends::Pdf).then_some(1),
        ..Target::of_uid(uid)
    };
    let report = check(Cursor::new(file), rules, target);
    let worst = report.checks.into_iter().find(|check| check.verdict == Verdict::Refuse)?;
    Some((worst.check, worst.message))
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;
    use crate::preflight::rules_of;
    use crate::{Assets, File, check, print_files};

    const TEE: &str = "apparel_product_gca_t-shirt_gsc_crewneck_gcu_unisex_gqa_classic_gsi_m_gco_black_gpr_4-4";
    const MUG: &str = "mug_product_msz_11-oz_mmat_ceramic-white_cl_4-0";

    fn drawn(layers: Value) -> (Spec, Vec<File>) {
        let zone = |id: &str| json!({ "id": id, "widthMm": 60, "heightMm": 40, "bleedMm": 2 });
        let spec = json!({ "specVersion": "1.0.0", "layers": layers,
            "product": { "id": "p", "kind": "tshirt", "zones": [zone("front"), zone("back")] } });
        let spec = check(&spec).expect("a design").spec;
        let files = print_files(&spec, &Assets::new(), None).expect("its files").files;
        (spec, files)
    }

    fn said((spec, files): &(Spec, Vec<File>), uid: &str) -> Vec<String> {
        let rules = rules_of("gelato").expect("the usual provider");
        let of = |zone: &Zone| {
            let path = format!("{}.{}", zone.id, rules.sends(uid).ending());
            (zone.id.clone(), files.iter().find(|file| file.path == path).expect("its file").bytes.clone())
        };
        let sent: Vec<_> = spec.zones().iter().map(of).collect();
        let refused = refused(spec, &sent, rules, uid).expect("zones of the design");
        refused.into_iter().map(|(zone, why)| format!("{zone}: {why}")).collect()
    }

    fn spot(zone: &str) -> Value {
        json!({ "zone": zone, "type": "shape", "shape": "ellipse", "color": "#e63946", "box": { "x": 5, "y": 5, "w": 30, "h": 30 } })
    }

    #[test]
    fn nothing_to_see_anywhere_is_refused_and_an_empty_back_is_not() {
        assert_eq!(said(&drawn(json!([spot("front"), spot("back")])), TEE), [""; 0]);
        assert_eq!(said(&drawn(json!([spot("front")])), TEE), [""; 0], "only one side is printed");
        // Its box reaches into a corner of the sheet, and what is drawn in it does not.
        let mut corner = spot("front");
        corner["box"] = json!({ "x": 59.5, "y": 39.5, "w": 30, "h": 30 });
        let blank = said(&drawn(json!([corner])), TEE);
        assert_eq!(blank.len(), 2, "{blank:?}");
        assert!(blank[0].starts_with("front: Every pixel is transparent"), "{blank:?}");
        assert_eq!(said(&drawn(json!([spot("front")])), MUG), [""; 0], "a page passes as a page");
    }

    #[test]
    fn what_is_sent_is_looked_at_and_not_its_siblings() {
        let mut design = drawn(json!([spot("front"), spot("back")]));
        design.1.iter_mut().filter(|file| file.path == "front.png").for_each(|png| png.bytes.truncate(200));
        assert_eq!(said(&design, MUG), [""; 0]);
        let torn = said(&design, TEE);
        assert!(torn.len() == 1 && torn[0].contains("PNG is damaged"), "{torn:?}");
    }
}
