//! What is sewn: a t-shirt (front or back) and a tote bag. A unit is a millimetre.

use tiny_skia::{Path, PathBuilder};

use super::cloth::{Cloth, Drawing, Fold, Print};
use super::math::{Rgb, mix3, times};
use super::texture::Texture;
use crate::PressError;

const WHITE: Rgb = [0.955, 0.953, 0.947];
const BLACK: Rgb = [0.165, 0.170, 0.182];
const CANVAS: Rgb = [0.905, 0.868, 0.785];

/// The stage's units per millimetre.
pub(super) const UNITS_PER_MM: f32 = 1.0;

fn path(build: impl FnOnce(&mut PathBuilder)) -> Option<Path> {
    let mut builder = PathBuilder::new();
    build(&mut builder);
    builder.finish()
}

/// The right half of an outline by its curves, and its mirror image, as one closed path.
fn mirrored(start: [f32; 2], curves: &[[f32; 6]]) -> Option<Path> {
    path(|p| {
        p.move_to(start[0], start[1]);
        for [a, b, c, d, x, y] in curves {
            p.cubic_to(*a, *b, *c, *d, *x, *y);
        }
        let ends: Vec<[f32; 2]> = std::iter::once(start).chain(curves.iter().map(|c| [c[4], c[5]])).collect();
        for (n, [a, b, c, d, _, _]) in curves.iter().enumerate().rev() {
            p.cubic_to(-c, *d, -a, *b, -ends[n][0], ends[n][1]);
        }
        p.close();
    })
}

fn line(points: &[[f32; 2]], mirror: bool) -> Option<Path> {
    path(|p| {
        for sign in if mirror { &[1.0_f32, -1.0][..] } else { &[1.0][..] } {
            match *points {
                [[x, y], [a, b], [c, d], [u, v]] => {
                    p.move_to(sign * x, y);
                    p.cubic_to(sign * a, b, sign * c, d, sign * u, v);
                }
                _ => {
                    for (n, [x, y]) in points.iter().enumerate() {
                        if n == 0 { p.move_to(sign * x, *y) } else { p.line_to(sign * x, *y) }
                    }
                }
            }
        }
    })
}

/// A t-shirt with a print on its front or back. The blank is not part of a design: white, or black for a pale print.
pub(super) fn shirt(texture: Texture, back: bool, pale: bool, side_px: f32) -> Result<Cloth, PressError> {
    let color = if pale { BLACK } else { WHITE };
    let seam = if color[0] > 0.5 { times(color, 0.72) } else { times(color, 2.1) };
    let mut drawing = Drawing::new(side_px)?;
    let scoop = if back { -372.0 } else { -306.0 };
    // What is seen of the other side through the neck.
    drawing.fill(
        mirrored(
            [0.0, -398.0],
            &[[40.0, -398.0, 72.0, -402.0, 96.0, -410.0], [92.0, -330.0, 50.0, -292.0, 0.0, -292.0]],
        ),
        times(color, if color[0] > 0.5 { 0.80 } else { 0.66 }),
    );
    let outline = [
        [50.0, scoop, 84.0, scoop - 24.0, 98.0, -411.0],
        [150.0, -396.0, 205.0, -378.0, 252.0, -352.0],
        [318.0, -312.0, 372.0, -232.0, 436.0, -118.0],
        [408.0, -92.0, 368.0, -68.0, 332.0, -56.0],
        [312.0, -98.0, 292.0, -132.0, 266.0, -158.0],
        [262.0, -20.0, 258.0, 150.0, 270.0, 398.0],
        [180.0, 412.0, 90.0, 415.0, 0.0, 415.0],
    ];
    drawing.body(mirrored([0.0, scoop], &outline), color);
    collar(&mut drawing, color, seam, scoop);
    for (stitches, alpha, width) in [(false, 0.55, 2.0), (true, 0.40, 1.0)] {
        let shift = if stitches { 6.0 } else { 0.0 };
        let armhole =
            [[252.0 - shift, -352.0], [226.0 - shift, -300.0], [236.0 - shift, -220.0], [266.0 - shift, -158.0]];
        drawing.line(line(&armhole, true), seam, alpha, width, stitches);
    }
    for gap in [0.0, 5.0] {
        let hem = [[-270.0, 376.0 - gap], [-180.0, 392.0 - gap], [180.0, 392.0 - gap], [270.0, 376.0 - gap]];
        drawing.line(line(&hem, false), seam, 0.45, 1.1, true);
        let cuff =
            [[424.0 - gap, -138.0 - gap], [396.0, -112.0 - gap], [356.0, -90.0 - gap], [322.0 - gap, -76.0 - gap]];
        drawing.line(line(&cuff, true), seam, 0.42, 1.1, true);
    }
    let print = Print { middle: 0.0, top: if back { -312.0 } else { -262.0 }, width: 400.0, height: 560.0 };
    Ok(Cloth::new(drawing.finish(), SHIRT, texture, print, if color[0] > 0.5 { 0.012 } else { 0.05 }))
}

/// The rib around the neck.
fn collar(drawing: &mut Drawing, color: Rgb, seam: Rgb, scoop: f32) {
    let rib = |inner: f32, alpha: f32, width: f32, stitches: bool, drawing: &mut Drawing| {
        let curve = [
            [98.0 + inner, -411.0],
            [84.0 + inner, scoop - 24.0 + inner * 0.4],
            [50.0 + inner * 0.5, scoop + inner],
            [0.0, scoop + inner],
        ];
        drawing.line(line(&curve, true), seam, alpha, width, stitches);
    };
    let band = [[91.0, -409.0], [78.0, scoop - 18.0], [46.0, scoop + 8.0], [0.0, scoop + 8.0]];
    drawing.line(line(&band, true), mix3(color, seam, 0.10), 1.0, 15.0, false);
    rib(0.0, 0.50, 1.4, false, drawing);
    rib(14.0, 0.55, 1.6, false, drawing);
    rib(19.0, 0.35, 1.0, true, drawing);
}

const fn fold(from: [f32; 2], to: [f32; 2], width: f32, height: f32) -> Fold {
    Fold { from, to, width, height }
}

/// From the armpits down and across, along the sleeves, and a few at the hem.
const SHIRT: &[Fold] = &[
    fold([262.0, -150.0], [96.0, -30.0], 15.0, 7.0),
    fold([264.0, -128.0], [130.0, 70.0], 17.0, -7.5),
    fold([-262.0, -150.0], [-92.0, -38.0], 15.0, 7.0),
    fold([-264.0, -126.0], [-140.0, 84.0], 18.0, -7.0),
    fold([268.0, -20.0], [150.0, 150.0], 20.0, 6.0),
    fold([-266.0, 10.0], [-160.0, 170.0], 20.0, 6.5),
    fold([268.0, 400.0], [190.0, 120.0], 24.0, 7.5),
    fold([-268.0, 400.0], [-176.0, 110.0], 26.0, 7.5),
    fold([150.0, 410.0], [108.0, 190.0], 20.0, -6.0),
    fold([-110.0, 412.0], [-70.0, 200.0], 22.0, -5.5),
    fold([20.0, 414.0], [44.0, 230.0], 24.0, 5.0),
    fold([258.0, -300.0], [400.0, -110.0], 14.0, 7.0),
    fold([-258.0, -300.0], [-398.0, -112.0], 14.0, 7.0),
    fold([236.0, -250.0], [344.0, -80.0], 12.0, -6.0),
    fold([-236.0, -250.0], [-346.0, -84.0], 12.0, -6.0),
    fold([120.0, -396.0], [214.0, -250.0], 22.0, 5.0),
    fold([-120.0, -396.0], [-210.0, -244.0], 22.0, 5.0),
];

/// A canvas bag, 380 by 420 mm, with its two handles.
pub(super) fn tote(texture: Texture, side_px: f32) -> Result<Cloth, PressError> {
    let mut drawing = Drawing::new(side_px)?;
    let seam = times(CANVAS, 0.70);
    let handle = |wide: f32, top: f32| {
        path(|p| {
            p.move_to(-wide, -100.0);
            p.cubic_to(-wide - 6.0, top + 130.0, -wide * 0.62, top, 0.0, top);
            p.cubic_to(wide * 0.62, top, wide + 6.0, top + 130.0, wide, -100.0);
        })
    };
    for (shade, wide, top) in [(0.80, 86.0, -452.0), (0.97, 96.0, -436.0)] {
        drawing.line(handle(wide, top), times(seam, shade * 0.96), 1.0, 27.0, false);
        drawing.line(handle(wide, top), times(CANVAS, shade), 1.0, 24.0, false);
        drawing.line(handle(wide, top), seam, 0.35, 1.0, true);
    }
    let body = [
        [70.0, -122.0, 130.0, -124.0, 205.0, -126.0],
        [208.0, 30.0, 206.0, 180.0, 212.0, 408.0],
        [212.0, 420.0, 206.0, 426.0, 194.0, 427.0],
        [130.0, 433.0, 60.0, 434.0, 0.0, 434.0],
    ];
    drawing.body(mirrored([0.0, -120.0], &body), CANVAS);
    for gap in [0.0, 6.0] {
        let hem = [[-205.0, -92.0 + gap], [-100.0, -88.0 + gap], [100.0, -88.0 + gap], [205.0, -92.0 + gap]];
        drawing.line(line(&hem, false), seam, 0.45, 1.1, true);
    }
    for x in [-96.0_f32, 96.0] {
        let box_of = |inset: f32| {
            line(
                &[
                    [x - 14.0 + inset, -118.0],
                    [x - 14.0 + inset, -84.0],
                    [x + 14.0 - inset, -84.0],
                    [x + 14.0 - inset, -118.0],
                    [x - 14.0 + inset, -84.0],
                ],
                false,
            )
        };
        drawing.line(box_of(3.0), seam, 0.40, 1.0, true);
    }
    let print = Print { middle: 0.0, top: -50.0, width: 330.0, height: 430.0 };
    Ok(Cloth::new(drawing.finish(), TOTE, texture, print, 0.055))
}

const TOTE: &[Fold] = &[
    fold([96.0, -110.0], [150.0, 90.0], 22.0, 6.0),
    fold([-96.0, -110.0], [-146.0, 110.0], 22.0, 6.0),
    fold([84.0, -110.0], [20.0, 60.0], 20.0, -4.5),
    fold([-84.0, -110.0], [-30.0, 50.0], 20.0, -4.5),
    fold([206.0, 428.0], [70.0, 260.0], 22.0, 7.5),
    fold([-206.0, 428.0], [-84.0, 250.0], 22.0, 7.5),
    fold([210.0, 180.0], [90.0, 150.0], 26.0, -5.0),
    fold([-210.0, 120.0], [-110.0, 170.0], 26.0, -5.0),
    fold([0.0, 434.0], [20.0, 310.0], 30.0, 5.0),
];
