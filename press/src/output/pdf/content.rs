//! The page's drawing.

use std::collections::BTreeMap;

use super::super::number::push_mm;
use super::picture_name;
use crate::draw::{DisplayList, Item, Path, Point, Seg};
use crate::ink::Cmyk;
use crate::spec::Color;

/// Points per millimetre, the one scale of the page.
const PT_PER_MM: &[u8] = b"2.8346457";

/// The page's drawing: one flip, then millimetres with y down like everywhere else.
pub(super) fn content(list: &DisplayList<'_>, pictures: &BTreeMap<&str, i32>, inks: Option<&Cmyk>) -> Vec<u8> {
    let zone = list.zone;
    let mut out = Vec::with_capacity(16 * 1024);
    out.extend(PT_PER_MM);
    out.extend(b" 0 0 ");
    out.extend(PT_PER_MM);
    out.extend(b" 0 0 cm\n1 0 0 -1 ");
    push_mm(&mut out, zone.bleed_um);
    out.push(b' ');
    push_mm(&mut out, zone.height_um + zone.bleed_um);
    out.extend(b" cm\n");
    for item in &list.items {
        push_item(&mut out, item, pictures, inks);
    }
    if let Some(cut) = &list.cut {
        out.extend(b"q /Cut gs /CutContour CS 1 SCN 0.1 w\n");
        push_path(&mut out, cut);
        out.extend(b"S Q\n");
    }
    out
}

fn push_item(out: &mut Vec<u8>, item: &Item<'_>, pictures: &BTreeMap<&str, i32>, inks: Option<&Cmyk>) {
    match item {
        Item::Background { path, color } | Item::Fill { path, color } => {
            push_color(out, *color, inks, ["g\n", "rg\n", "k\n"]);
            push_path(out, path);
            out.extend(b"f\n");
        }
        Item::Stroke { path, color, width_um } => {
            out.extend(b"1 j ");
            push_color(out, *color, inks, ["G ", "RG ", "K "]);
            push_mm(out, *width_um);
            out.extend(b" w\n");
            push_path(out, path);
            out.extend(b"S\n");
        }
        Item::Picture { href, place } => {
            let Some(index) = pictures.get(href) else { return };
            out.extend(b"q ");
            push_mm(out, place.w_um);
            out.extend(b" 0 0 ");
            push_mm(out, -place.h_um);
            for value in [place.x_um, place.y_um + place.h_um] {
                out.push(b' ');
                push_mm(out, value);
            }
            out.extend(format!(" cm /{} Do Q\n", picture_name(*index)).bytes());
        }
    }
}

/// Components with three decimals: exact enough for 8 bits and short. Black is grey's black, so that it takes black ink alone.
fn push_color(out: &mut Vec<u8>, color: Color, inks: Option<&Cmyk>, [grey, rgb, cmyk]: [&str; 3]) {
    let mut push = |parts: &[i32], operator: &str| {
        for part in parts {
            push_mm(out, *part);
            out.push(b' ');
        }
        out.extend(operator.bytes());
    };
    match inks {
        Some(inks) => push(&inks.thousandths(color), cmyk),
        None if (color.r, color.g, color.b) == (0, 0, 0) => push(&[0], grey),
        None => push(&[color.r, color.g, color.b].map(|part| (i32::from(part) * 1000 + 127) / 255), rgb),
    }
}

fn push_path(out: &mut Vec<u8>, path: &Path) {
    let mut here = Point { x: 0, y: 0 };
    for seg in &path.segs {
        match *seg {
            Seg::Move(a) => step(out, &[a], b"m\n"),
            Seg::Line(a) => step(out, &[a], b"l\n"),
            Seg::Quad(a, b) => step(out, &[toward(here, a), toward(b, a), b], b"c\n"),
            Seg::Cubic(a, b, c) => step(out, &[a, b, c], b"c\n"),
            Seg::Close => out.extend(b"h\n"),
        }
        here = match *seg {
            Seg::Move(a) | Seg::Line(a) | Seg::Quad(_, a) | Seg::Cubic(_, _, a) => a,
            Seg::Close => here,
        };
    }
}

/// PDF knows no quadratics: a cubic's handles lie two thirds of the way to the control point.
fn toward(end: Point, control: Point) -> Point {
    let mix = |e: i32, c: i32| {
        let sum = i64::from(e) + 2 * i64::from(c);
        i32::try_from((sum + sum.signum()) / 3).unwrap_or(e)
    };
    Point { x: mix(end.x, control.x), y: mix(end.y, control.y) }
}

fn step(out: &mut Vec<u8>, points: &[Point], operator: &[u8]) {
    for point in points {
        push_mm(out, point.x);
        out.push(b' ');
        push_mm(out, point.y);
        out.push(b' ');
    }
    out.extend(operator);
}
