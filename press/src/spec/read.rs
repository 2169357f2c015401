//! JSON tree to checked spec. The same code reads the wire form and the canonical form; only the unit differs.

use std::collections::BTreeSet;

use super::layers::layers;
use super::limits::{BLEED_UM_MAX, RASTER_PX_MAX, SIDE_UM_MIN, ZONE_SIDE_UM_MAX, ZONES_MAX};
use super::model::{Process, Product, Spec, VERSIONS, Version, Zone};
use super::node::{Node, step};
use super::reader::{Fields, Reader};
use super::schema::TEMPLATE_VERSION_MAX;
use crate::problem::say;

/// Reads a whole spec.
pub(super) fn spec(reader: &mut Reader, node: &Node) -> Option<Spec> {
    let mut fields = reader.object(node, "")?;
    let version = reader.word(&mut fields, "specVersion", &VERSIONS, None);
    // Of an unknown version, the newest one's fields are the best guess.
    reader.version = version.unwrap_or(Version::NEWEST);
    let product = reader.required(&mut fields, "product").and_then(|node| product(reader, node, "/product"));
    let zones: &[Zone] = product.as_ref().map_or(&[], |p: &Product| &p.zones);
    let layers = reader.required(&mut fields, "layers").and_then(|node| layers(reader, node, zones));
    reader.close(fields);
    Some(Spec { spec_version: version?, product: product?, layers: layers? })
}

fn product(reader: &mut Reader, node: &Node, pointer: &str) -> Option<Product> {
    let mut fields = reader.object(node, pointer)?;
    let id = reader.name(&mut fields, "id", 200, "._:-");
    let kind = reader.name(&mut fields, "kind", 64, "_-");
    let template_version = reader.count(&mut fields, "templateVersion", 1, TEMPLATE_VERSION_MAX);
    let zones = reader.required(&mut fields, "zones").and_then(|node| zones(reader, node, &step(pointer, "zones")));
    reader.close(fields);
    Some(Product { id: id?, kind: kind?, template_version: template_version?, zones: zones? })
}

/// Reads a list of zones and the rules that hold between them.
pub(super) fn zones(reader: &mut Reader, node: &Node, pointer: &str) -> Option<Vec<Zone>> {
    let items = reader.list(node, pointer, ZONES_MAX)?;
    let read: Vec<Option<Zone>> =
        items.iter().enumerate().map(|(i, item)| zone(reader, item, &step(pointer, &i.to_string()))).collect();
    let zones: Vec<Zone> = read.into_iter().collect::<Option<_>>()?;
    let mut names = BTreeSet::new();
    for (i, zone) in zones.iter().enumerate() {
        // Zone names become file names, and some file systems fold case.
        if !names.insert(zone.id.to_ascii_lowercase()) {
            let words = say!("Another zone already has this name.", "Une autre zone porte déjà ce nom.");
            reader.problem("duplicate", &format!("{pointer}/{i}/id"), words);
        }
    }
    let px: u64 = zones.iter().map(Zone::raster_px).map(|(w, h)| u64::from(w) * u64::from(h)).sum();
    if px > RASTER_PX_MAX {
        let millions = RASTER_PX_MAX / 1_000_000;
        let words = say!(
            "The zones together need more than {millions} million pixels at 300 dpi.",
            "Ensemble, les zones demandent plus de {millions} millions de pixels à 300 ppp."
        );
        reader.problem("too_large", pointer, words);
    }
    Some(zones)
}

fn zone(reader: &mut Reader, node: &Node, pointer: &str) -> Option<Zone> {
    let mut fields = reader.object(node, pointer)?;
    let id = reader.name(&mut fields, "id", 64, "_-");
    let width_um = reader.length(&mut fields, ("widthMm", "widthUm"), SIDE_UM_MIN, ZONE_SIDE_UM_MAX);
    let height_um = reader.length(&mut fields, ("heightMm", "heightUm"), SIDE_UM_MIN, ZONE_SIDE_UM_MAX);
    let bleed_um = reader.optional_length(&mut fields, ("bleedMm", "bleedUm"), 0, BLEED_UM_MAX);
    let background = match fields.has("background") {
        true => reader.color(&mut fields, "background").map(Some),
        false => Some(None),
    };
    let cut_contour_um = cut_contour(reader, &mut fields, width_um, height_um);
    let process = match fields.has("process") {
        true => reader
            .word(&mut fields, "process", &[("print", Process::Print), ("engrave", Process::Engrave)], None)
            .map(Some),
        false => Some(None),
    };
    reader.close(fields);
    Some(Zone {
        id: id?,
        width_um: width_um?,
        height_um: height_um?,
        bleed_um: bleed_um?.unwrap_or(0),
        background: background?,
        cut_contour_um: cut_contour_um?,
        process: process?,
    })
}

fn cut_contour(
    reader: &mut Reader,
    fields: &mut Fields<'_>,
    width: Option<i32>,
    height: Option<i32>,
) -> Option<Option<i32>> {
    let spelling = ("cutContour", "cutContourUm");
    let radius = reader.optional_length(fields, spelling, 0, ZONE_SIDE_UM_MAX)?;
    if let (Some(radius), Some(width), Some(height)) = (radius, width, height)
        && radius > width.min(height) / 2
    {
        let words = say!(
            "The corner radius of the cut line is larger than half the zone's shorter side.",
            "Le rayon des coins de la découpe dépasse la moitié du petit côté de la zone."
        );
        reader.problem("range", &fields.at("cutContour"), words);
        return None;
    }
    Some(radius)
}
