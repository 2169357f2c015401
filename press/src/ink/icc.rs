//! Which profiles are taken, and what is read of them.

use moxcms::{
    ColorProfile, DataColorSpace, LutDataType, LutMultidimensionalType, LutStore, LutType, LutWarehouse, ProfileClass,
    ProfileText, ToneReprCurve,
};

use super::PROFILE_BYTES_MAX;
use super::lut::{Curve, Encoding, Lut};
use crate::PressError;

fn refuse<T>(message: &str) -> Result<T, PressError> {
    Err(PressError::OutOfLimits(message.to_owned()))
}

/// The name of a printing condition, and the way from Lab to its inks.
pub(super) fn read(icc: &[u8]) -> Result<(String, Lut), PressError> {
    if icc.len() > PROFILE_BYTES_MAX {
        return refuse("The ICC profile is longer than 8 MB.");
    }
    let Ok(profile) = ColorProfile::new_from_slice(icc) else {
        return refuse("The file is no ICC profile that can be read.");
    };
    if profile.color_space != DataColorSpace::Cmyk || profile.profile_class != ProfileClass::OutputDevice {
        return refuse("The ICC profile is not that of a CMYK printing condition (class prtr, colour space CMYK).");
    }
    if profile.pcs != DataColorSpace::Lab {
        return refuse("The ICC profile does not connect through Lab, as profiles of printing conditions do.");
    }
    let table = profile.lut_b_to_a_perceptual.as_ref().or(profile.lut_b_to_a_colorimetric.as_ref());
    let lut = match table {
        Some(LutWarehouse::Lut(table)) => plain(table),
        Some(LutWarehouse::Multidimensional(table)) => staged(table),
        None => None,
    };
    match lut.filter(Lut::is_sound) {
        Some(lut) => Ok((name(profile.description.as_ref()), lut)),
        None => refuse("The ICC profile has no table from Lab to four inks that could be used."),
    }
}

fn name(text: Option<&ProfileText>) -> String {
    let text = match text {
        Some(ProfileText::PlainString(text)) => text.as_str(),
        Some(ProfileText::Localizable(all)) => all.first().map_or("", |one| one.value.as_str()),
        Some(ProfileText::Description(text)) => text.ascii_string.as_str(),
        None => "",
    };
    let plain: String = text.chars().filter(|c| c.is_ascii_graphic() || *c == ' ').take(80).collect();
    if plain.trim().is_empty() { "unnamed".to_owned() } else { plain.trim().to_owned() }
}

fn levels(store: &LutStore) -> Vec<f64> {
    match store {
        LutStore::Store8(all) => all.iter().map(|v| f64::from(*v) / 255.0).collect(),
        LutStore::Store16(all) => all.iter().map(|v| f64::from(*v) / 65_535.0).collect(),
    }
}

/// Tables of one kind: `mft1`, `mft2`.
fn plain(table: &LutDataType) -> Option<Lut> {
    if (table.num_input_channels, table.num_output_channels) != (3, 4) {
        return None;
    }
    let curves = |store: &LutStore, count: usize, entries: usize| -> Option<Vec<Curve>> {
        let all = levels(store);
        (entries >= 2 && all.len() >= count * entries)
            .then(|| all.chunks_exact(entries).take(count).map(|curve| Curve::Table(curve.to_vec())).collect())
    };
    // The older of the two wide encodings lies a little below the newer one.
    let encoding = if table.lut_type == LutType::Lut16 { Encoding::Wide2 } else { Encoding::Plain };
    Some(Lut {
        encoding,
        before: vec![curves(&table.input_table, 3, usize::from(table.num_input_table_entries))?],
        matrix: None,
        grid: [usize::from(table.num_clut_grid_points); 3],
        nodes: levels(&table.clut_table),
        after: curves(&table.output_table, 4, usize::from(table.num_output_table_entries))?,
    })
}

/// Stages of version 4: `mBA `.
fn staged(table: &LutMultidimensionalType) -> Option<Lut> {
    if (table.num_input_channels, table.num_output_channels) != (3, 4) {
        return None;
    }
    let curves = |all: &[ToneReprCurve], count: usize| -> Option<Vec<Curve>> {
        match all.len() {
            0 => Some(vec![Curve::Straight; count]),
            given if given == count => all.iter().map(curve).collect(),
            _ => None,
        }
    };
    let matrix = (!table.m_curves.is_empty()).then_some((table.matrix.v, table.bias.v));
    Some(Lut {
        encoding: Encoding::Plain,
        before: vec![curves(&table.b_curves, 3)?, curves(&table.m_curves, 3)?],
        matrix,
        grid: [0, 1, 2].map(|axis| usize::from(table.grid_points[axis])),
        nodes: levels(table.clut.as_ref()?),
        after: curves(&table.a_curves, 4)?,
    })
}

fn curve(curve: &ToneReprCurve) -> Option<Curve> {
    match curve {
        ToneReprCurve::Lut(all) => match all.as_slice() {
            [] => Some(Curve::Straight),
            [gamma] => Some(Curve::Power(f64::from(*gamma) / 256.0)),
            all => Some(Curve::Table(all.iter().map(|v| f64::from(*v) / 65_535.0).collect())),
        },
        // Only the plain power; printing conditions use tables.
        ToneReprCurve::Parametric(all) => match all.as_slice() {
            [gamma] => Some(Curve::Power(f64::from(*gamma))),
            _ => None,
        },
    }
}
