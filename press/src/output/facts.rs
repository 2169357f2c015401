//! What is true of a zone's print files, for the manifest: sizes, inks, density of pictures, size of type, and what was judged of it.

use serde_json::{Value, json};

use crate::assets::Assets;
use crate::draw::{DisplayList, Item};
use crate::ink::Cmyk;
use crate::preflight::{Rules, Verdict};
use crate::spec::{Content, Process, Spec};
use crate::text::layout;

/// The facts of a zone; lengths in micrometres, as everywhere in canonical forms.
pub(super) fn zone(spec: &Spec, list: &DisplayList<'_>, assets: &Assets, inks: Option<&Cmyk>, rules: &Rules) -> Value {
    let zone = list.zone;
    let engraved = spec.process(zone) == Process::Engrave;
    let pictures = pictures(list, assets);
    let color = match inks {
        Some(inks) => json!({"space": "CMYK", "profile": {"name": inks.name(), "sha256": inks.sha256()}}),
        None => json!({"space": "sRGB"}),
    };
    let type_um = smallest_type(spec, &zone.id);
    let mut checks = vec![check("fonts", Verdict::Pass, "All type is outlined; no font is needed.")];
    if let Some(dpi) = pictures.iter().map(|(_, dpi)| *dpi).min() {
        checks.push(check(
            "effective_dpi",
            rules.density(dpi),
            &format!("The coarsest picture has {dpi} dpi at its size."),
        ));
    }
    if let Some(um) = type_um {
        let verdict = rules.type_size(um);
        checks.push(check("type_size", verdict, &format!("The smallest type is {} micrometres high (one em).", um)));
    }
    if engraved && !pictures.is_empty() {
        checks.push(check(
            "engraved_picture",
            Verdict::Warn,
            "Pictures are in the PDF and the PNG, and not in the DXF.",
        ));
    }
    if engraved && list.items.iter().any(|item| matches!(item, Item::Stroke { .. })) {
        checks.push(check("engraved_outline", Verdict::Warn, "Outline effects are not in the DXF."));
    }
    json!({
        "id": zone.id,
        "widthUm": zone.width_um,
        "heightUm": zone.height_um,
        "bleedUm": zone.bleed_um,
        "process": spec.process(zone),
        "color": color,
        "cutContour": list.cut.is_some(),
        "smallestTypeUm": type_um,
        "pictures": pictures.iter().map(|(href, dpi)| json!({"asset": href, "dpi": dpi})).collect::<Vec<_>>(),
        "checks": checks,
    })
}

fn check(check: &str, verdict: Verdict, detail: &str) -> Value {
    json!({"check": check, "verdict": verdict, "detail": detail})
}

/// Pictures with the density they are printed at: pixels over inches, in whole numbers.
fn pictures<'a>(list: &DisplayList<'a>, assets: &Assets) -> Vec<(&'a str, u32)> {
    let of = |item: &Item<'a>| match item {
        Item::Picture { href, place } => {
            let picture = assets.get(href)?;
            let dpi = |px: u32, um: i32| u64::from(px) * 25_400 / u64::try_from(um.max(1)).unwrap_or(1);
            let dpi = dpi(picture.width, place.w_um).min(dpi(picture.height, place.h_um));
            Some((*href, u32::try_from(dpi).unwrap_or(u32::MAX)))
        }
        _ => None,
    };
    list.items.iter().filter_map(of).collect()
}

fn smallest_type(spec: &Spec, zone: &str) -> Option<i32> {
    let sizes = spec.layers().iter().filter(|layer| layer.zone == zone).filter_map(|layer| match &layer.content {
        Content::Text(text) => layout(text, layer.frame).ok().map(|laid| laid.size_um),
        _ => None,
    });
    sizes.min()
}
