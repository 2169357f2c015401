//! A printing condition made for the tests: a small CMYK profile with tables of nine points, simple enough to foresee its inks.

use std::sync::OnceLock;

use platen_press::Cmyk;

const POINTS: u8 = 9;

fn tag(out: &mut Vec<u8>, table: &mut Vec<u8>, name: &[u8; 4], data: &[u8], base: usize) {
    table.extend(name);
    table.extend(u32::try_from(base + out.len()).unwrap().to_be_bytes());
    table.extend(u32::try_from(data.len()).unwrap().to_be_bytes());
    out.extend(data);
    out.resize(out.len().next_multiple_of(4), 0);
}

/// An 8-bit table of `inputs` to `outputs`; `node` answers the outputs of a node.
fn table(inputs: u8, outputs: u8, node: impl Fn(&[u8]) -> Vec<u8>) -> Vec<u8> {
    let mut out = b"mft1\0\0\0\0".to_vec();
    out.extend([inputs, outputs, POINTS, 0]);
    for n in 0..9 {
        out.extend(u32::to_be_bytes(if n % 4 == 0 { 0x1_0000 } else { 0 }));
    }
    (0..inputs).for_each(|_| out.extend(0..=255));
    let count = usize::from(POINTS).pow(u32::from(inputs));
    for index in 0..count {
        let place = |axis: u32| index / usize::from(POINTS).pow(u32::from(inputs) - 1 - axis) % usize::from(POINTS);
        let at: Vec<u8> = (0..u32::from(inputs)).map(|axis| u8::try_from(place(axis) * 255 / 8).unwrap()).collect();
        out.extend(node(&at));
    }
    (0..outputs).for_each(|_| out.extend(0..=255));
    out
}

/// The profile's bytes: black ink falls with lightness, cyan, magenta and yellow follow a and b.
pub(crate) fn icc() -> Vec<u8> {
    let chroma = |value: u8| value.saturating_sub(128).saturating_mul(2);
    let away = |value: u8| 127_u8.saturating_sub(value).saturating_mul(2);
    let from_lab = table(3, 4, |lab| vec![away(lab[1]), chroma(lab[1]), chroma(lab[2]), 255 - lab[0]]);
    let to_lab = table(4, 3, |inks| vec![255 - inks[3], 128 + inks[1] / 2 - inks[0] / 2, 128 + inks[2] / 2]);
    let mut description = b"desc\0\0\0\0\0\0\0\x0dTest inks 1.0".to_vec();
    description[11] = 14;
    description.push(0);
    description.resize(description.len() + 78, 0);
    let mut white = b"XYZ \0\0\0\0".to_vec();
    [0xf6d6_u32, 0x1_0000, 0xd32d].iter().for_each(|v| white.extend(v.to_be_bytes()));
    let tags: [(&[u8; 4], &[u8]); 5] = [
        (b"desc", &description),
        (b"cprt", b"text\0\0\0\0No rights reserved\0"),
        (b"wtpt", &white),
        (b"A2B0", &to_lab),
        (b"B2A0", &from_lab),
    ];
    let base = 128 + 4 + 12 * tags.len();
    let (mut data, mut list) = (Vec::new(), u32::try_from(tags.len()).unwrap().to_be_bytes().to_vec());
    for (name, bytes) in tags {
        tag(&mut data, &mut list, name, bytes, base);
    }
    let mut out = vec![0; 128];
    out[..4].copy_from_slice(&u32::try_from(base + data.len()).unwrap().to_be_bytes());
    out[8..12].copy_from_slice(&[2, 0x40, 0, 0]);
    out[12..24].copy_from_slice(b"prtrCMYKLab ");
    out[24..36].copy_from_slice(&[7, 234, 0, 1, 0, 1, 0, 0, 0, 0, 0, 0]);
    out[36..40].copy_from_slice(b"acsp");
    out[68..80].copy_from_slice(&[0, 0, 0xf6, 0xd6, 0, 1, 0, 0, 0, 0, 0xd3, 0x2d]);
    out.extend(list);
    out.extend(data);
    out
}

pub(crate) fn inks() -> &'static Cmyk {
    static INKS: OnceLock<Cmyk> = OnceLock::new();
    INKS.get_or_init(|| Cmyk::new(&icc()).unwrap())
}
