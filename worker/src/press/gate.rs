//! The last look at a print file before it is stored: the very bytes that the printer will fetch, by the rules that files of strangers are
//! looked at with.

use std::io::Cursor;

use platen_press::preflight::{Rules, Sends, Target, Verdict, check};
use platen_press::{File, Spec, Zone};

/// The check of a file on which nothing is to be seen.
const BLANK: &str = "alpha";

/// Zones whose file must not be sent, each with a sentence. A side that was left empty is fine, as long as another one is not.
pub(super) fn refused(spec: &Spec, files: &[File], rules: &Rules, uid: &str) -> Vec<(String, String)> {
    let sends = rules.sends(uid);
    let of = |zone: &Zone| files.iter().find(|file| file.path == format!("{}.{}", zone.id, sends.ending()));
    let judged = spec.zones().iter().filter_map(|zone| Some((zone, judge(zone, of(zone)?, sends, rules, uid))));
    let judged: Vec<_> = judged.filter_map(|(zone, said)| said.map(|said| (zone, said))).collect();
    let blank = judged.iter().filter(|(_, (what, _))| what == BLANK).count() == spec.zones().len();
    let stops = judged.into_iter().filter(|(_, (what, _))| blank || what != BLANK);
    stops.map(|(zone, (_, sentence))| (zone.id.clone(), sentence)).collect()
}

/// What is wrong with one file: the check and its sentence.
fn judge(zone: &Zone, file: &File, sends: Sends, rules: &Rules, uid: &str) -> Option<(String, String)> {
    let target = Target {
        size_um: Some((zone.width_um, zone.height_um)),
        bleed_um: Some(zone.bleed_um),
        pages: (sends == Sends::Pdf).then_some(1),
        ..Target::of_uid(uid)
    };
    let report = check(Cursor::new(&file.bytes), rules, target);
    let worst = report.checks.into_iter().find(|check| check.verdict == Verdict::Refuse)?;
    Some((worst.check, worst.message))
}

#[cfg(test)]
mod tests {
    use platen_press::preflight::rules_of;
    use platen_press::{Assets, check, print_files};
    use serde_json::{Value, json};

    use super::*;

    const TEE: &str = "apparel_product_gca_t-shirt_gsc_crewneck_gcu_unisex_gqa_classic_gsi_m_gco_black_gpr_4-4";
    const MUG: &str = "mug_product_msz_11-oz_mmat_ceramic-white_cl_4-0";

    fn said(uid: &str, layers: Value) -> Vec<String> {
        let zone = |id: &str| json!({ "id": id, "widthMm": 60, "heightMm": 40, "bleedMm": 2 });
        let spec = json!({ "specVersion": "1.0.0", "layers": layers,
            "product": { "id": "p", "kind": "tshirt", "zones": [zone("front"), zone("back")] } });
        let spec = check(&spec).expect("a design").spec;
        let files = print_files(&spec, &Assets::new(), None).expect("its files").files;
        let rules = rules_of("gelato").expect("the usual provider");
        refused(&spec, &files, rules, uid).into_iter().map(|(zone, why)| format!("{zone}: {why}")).collect()
    }

    fn spot(zone: &str) -> Value {
        json!({ "zone": zone, "type": "shape", "shape": "ellipse", "color": "#e63946", "box": { "x": 5, "y": 5, "w": 30, "h": 30 } })
    }

    #[test]
    fn nothing_to_see_anywhere_is_refused_and_an_empty_back_is_not() {
        assert_eq!(said(TEE, json!([spot("front"), spot("back")])), [""; 0]);
        assert_eq!(said(TEE, json!([spot("front")])), [""; 0], "only one side is printed");
        // Its box reaches into a corner of the sheet, and what is drawn in it does not.
        let mut corner = spot("front");
        corner["box"] = json!({ "x": 59.5, "y": 39.5, "w": 30, "h": 30 });
        let blank = said(TEE, json!([corner]));
        assert_eq!(blank.len(), 2, "{blank:?}");
        assert!(blank[0].starts_with("front: Every pixel is transparent"), "{blank:?}");
        assert_eq!(said(MUG, json!([spot("front"), spot("back")])), [""; 0], "a page passes as a page");
    }

    #[test]
    fn what_is_sent_is_looked_at_and_not_its_siblings() {
        let spec = json!({ "specVersion": "1.0.0", "layers": [spot("front")],
            "product": { "id": "p", "kind": "tshirt", "zones": [{ "id": "front", "widthMm": 60, "heightMm": 40 }] } });
        let spec = check(&spec).expect("a design").spec;
        let mut files = print_files(&spec, &Assets::new(), None).expect("its files").files;
        let rules = rules_of("gelato").expect("the usual provider");
        files.iter_mut().filter(|file| file.path.ends_with(".png")).for_each(|png| png.bytes.truncate(200));
        assert_eq!(refused(&spec, &files, rules, MUG), []);
        let torn = refused(&spec, &files, rules, TEE);
        assert!(torn.len() == 1 && torn[0].1.contains("PNG is damaged"), "{torn:?}");
    }
}
