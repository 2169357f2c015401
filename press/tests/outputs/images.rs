//! Hostile, broken and turned pictures.

use crate::common::{asset, sample};
use image::{ExtendedColorType, ImageEncoder};
use platen_press::{Assets, ImageInfo, ImageKind, PressError, check_image, preview, sniff_image, zone_files};

fn png(width: u32, height: u32) -> Vec<u8> {
    let mut out = Vec::new();
    let pixels: Vec<u8> = (0..width * height).flat_map(|i| [i as u8, (i >> 3) as u8, 90]).collect();
    image::codecs::png::PngEncoder::new(&mut out).write_image(&pixels, width, height, ExtendedColorType::Rgb8).unwrap();
    out
}

/// A PNG header that claims any size, with nothing behind it.
fn claim(width: u32, height: u32) -> Vec<u8> {
    let mut out = png(1, 1);
    out[16..20].copy_from_slice(&width.to_be_bytes());
    out[20..24].copy_from_slice(&height.to_be_bytes());
    let crc = crc(&out[12..29]);
    out[29..33].copy_from_slice(&crc.to_be_bytes());
    out
}

fn crc(bytes: &[u8]) -> u32 {
    let mut crc = u32::MAX;
    for byte in bytes {
        crc ^= u32::from(*byte);
        for _ in 0..8 {
            crc = if crc & 1 == 1 { crc >> 1 ^ 0xedb8_8320 } else { crc >> 1 };
        }
    }
    !crc
}

fn reason<T: std::fmt::Debug>(result: Result<T, PressError>) -> String {
    match result.unwrap_err() {
        PressError::BadImage { reason } => reason,
        other => panic!("{other:?}"),
    }
}

#[test]
fn headers_tell_format_and_size() {
    let star = sniff_image(&asset("assets/star.png")).unwrap();
    assert_eq!((star.format, star.media_type), (ImageKind::Png, "image/png"));
    let photo = check_image(&asset("assets/gradient-photo.jpg")).unwrap();
    assert_eq!((photo.format, photo.media_type), (ImageKind::Jpeg, "image/jpeg"));
    assert!(photo.width > 0 && photo.height > 0);
}

#[test]
fn bombs_are_refused_by_their_header() {
    for (width, height) in [(30_000, 30_000), (12_001, 1), (1, 12_001), (10_000, 5_000), (u32::MAX >> 1, 2), (0, 0)] {
        let bomb = claim(width, height);
        reason(sniff_image(&bomb));
        reason(Assets::new().insert("bomb", &bomb));
    }
}

#[test]
fn what_is_no_picture_is_refused() {
    let svg: &[u8] = b"<svg xmlns=\"http://www.w3.org/2000/svg\"><image href=\"/etc/passwd\"/></svg>";
    for bytes in [b"".as_slice(), b"\x89PNG", b"GIF89a", b"\xff\xd8\xff", b"RIFF\0\0\0\0WEBP", svg, b"%PDF-1.7", b"MZ"]
    {
        let text = reason(sniff_image(bytes));
        assert!(text.ends_with('.'), "{text}");
        reason(check_image(bytes));
    }
}

#[test]
fn a_file_cut_anywhere_is_refused_and_never_panics() {
    for whole in [asset("assets/star.png"), asset("assets/gradient-photo.jpg"), png(40, 30)] {
        for cut in (0..whole.len() - 12).step_by(whole.len() / 60 + 1) {
            assert!(check_image(&whole[..cut]).is_err(), "{cut} of {}", whole.len());
        }
    }
}

#[test]
fn damaged_bytes_never_panic() {
    let mut seed = 7_u64;
    for whole in [asset("assets/star.png"), asset("assets/gradient-photo.jpg")] {
        for _ in 0..60 {
            let mut bytes = whole.clone();
            for _ in 0..8 {
                seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
                let at = (seed >> 33) as usize % bytes.len();
                bytes[at] = (seed >> 20) as u8;
            }
            let _ = check_image(&bytes);
        }
    }
}

#[test]
fn a_turned_photo_is_measured_and_stored_upright() {
    let photo = asset("assets/gradient-photo.jpg");
    let flat = sniff_image(&photo).unwrap();
    // An Exif block saying "turn by 90 degrees", right after the start marker.
    let tiff = b"Exif\0\0II\x2a\0\x08\0\0\0\x01\0\x12\x01\x03\0\x01\0\0\0\x06\0\0\0\0\0\0\0";
    let mut turned = photo[..2].to_vec();
    turned.extend([0xff, 0xe1, 0, u8::try_from(tiff.len() + 2).unwrap()]);
    turned.extend(tiff);
    turned.extend(&photo[2..]);
    let upright = sniff_image(&turned).unwrap();
    assert_eq!(upright, ImageInfo { width: flat.height, height: flat.width, ..flat });
    assert_eq!(check_image(&turned).unwrap(), upright);
}

#[test]
fn a_missing_asset_is_named() {
    let spec = sample("02").checked().spec;
    let missing = PressError::MissingAsset("assets/star.png".to_owned());
    assert_eq!(preview(&spec, &Assets::new(), 300).unwrap_err(), missing);
    assert_eq!(zone_files(&spec, &Assets::new()).unwrap_err(), missing);
}

#[test]
fn previews_have_the_size_asked_for_and_bounds() {
    let spec = sample("01").checked().spec;
    let picture = crate::common::png(&preview(&spec, &Assets::new(), 640).unwrap());
    assert_eq!((picture.width, picture.height), (640, 640));
    assert_eq!(picture.at(2, 2), [0xfd, 0xf6, 0xe3, 255]);
    assert_eq!(picture.at(320, 120), [0xf4, 0xa2, 0x61, 255]);
    for size in [0, 15, 4097, u32::MAX] {
        assert!(matches!(preview(&spec, &Assets::new(), size), Err(PressError::OutOfLimits(_))));
    }
}

/// The sticker's rounded corners are cut away in the preview, and its print file keeps its bleed there.
#[test]
fn a_cut_line_shapes_the_preview_only() {
    let spec = sample("04").checked().spec;
    let picture = crate::common::png(&preview(&spec, &Assets::new(), 500).unwrap());
    assert_eq!((picture.at(2, 2)[3], picture.at(250, 2)), (0, [0x2a, 0x9d, 0x8f, 255]));
    let files = zone_files(&spec, &Assets::new()).unwrap();
    let print = crate::common::png(&files.iter().find(|file| file.path == "face.png").unwrap().bytes);
    assert_eq!((print.color_type, print.at(0, 0)), (2, [0x2a, 0x9d, 0x8f, 255]));
}
