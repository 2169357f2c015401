//! The product in three dimensions, for viewers in browsers (GLB) and on phones (USDZ).
//!
//! Kinds without a shape here have none: the mock-up is the picture that always exists.

mod glb;
mod mesh;
mod shapes;
mod usdz;

use mesh::Mesh;

use super::files::File;
use super::mockup::skins;
use crate::PressError;
use crate::assets::Assets;
use crate::spec::Spec;

/// A surface and what it is made of.
struct Solid {
    name: &'static str,
    mesh: Mesh,
    /// Linear; multiplies the picture.
    color: [f32; 3],
    roughness: f32,
    /// A PNG that is laid over it.
    picture: Option<Vec<u8>>,
    /// The picture's transparent parts are holes.
    cut_out: bool,
    both_sides: bool,
}

/// The models of a design: `model.glb`, and `model.usdz` of a mug; nothing for kinds without a shape.
pub(crate) fn models(spec: &Spec, assets: &Assets) -> Result<Vec<File>, PressError> {
    let (name, solids) = match spec.product_kind() {
        "mug" => ("Mug", shapes::mug(skins::mug(spec, assets)?)),
        "tshirt" | "t-shirt" | "shirt" => {
            let (front, back) = skins::shirt(spec, assets)?;
            ("Shirt", shapes::shirt(front, back))
        }
        "poster" | "print" | "frame" => {
            let (picture, width_mm, height_mm) = skins::poster(spec, assets)?;
            ("Poster", shapes::poster(f64::from(width_mm) / 1000.0, f64::from(height_mm) / 1000.0, picture))
        }
        _ => return Ok(Vec::new()),
    };
    let file = |path: &str, media_type, bytes| File { path: path.to_owned(), media_type, bytes };
    let mut files = vec![file("model.glb", "model/gltf-binary", glb::write(name, &solids)?)];
    if name == "Mug" {
        files.push(file("model.usdz", "model/vnd.usdz+zip", usdz::write(name, &solids)?));
    }
    Ok(files)
}
