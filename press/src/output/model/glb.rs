//! Binary glTF 2.0: one JSON chunk, one binary chunk, pictures inside.

use serde_json::{Value, json};

use super::Solid;
use crate::{PRESS_VERSION, PressError};

/// Numbers of the format: array of numbers, array of indices, 32-bit float, 32-bit integer, clamp to edge, linear filters.
const ARRAY_BUFFER: u32 = 34_962;
const ELEMENT_ARRAY_BUFFER: u32 = 34_963;
const FLOAT: u32 = 5_126;
const UNSIGNED_INT: u32 = 5_125;
const CLAMP: u32 = 33_071;
const LINEAR: u32 = 9_729;
const LINEAR_MIPMAP_LINEAR: u32 = 9_987;

/// The binary chunk and what the JSON chunk says of it.
#[derive(Default)]
struct Buffer {
    bytes: Vec<u8>,
    views: Vec<Value>,
    accessors: Vec<Value>,
}

impl Buffer {
    fn view(&mut self, bytes: &[u8], target: Option<u32>) -> usize {
        self.bytes.resize(self.bytes.len().next_multiple_of(4), 0);
        let mut view = json!({"buffer": 0, "byteOffset": self.bytes.len(), "byteLength": bytes.len()});
        if let Some(target) = target {
            view["target"] = json!(target);
        }
        self.bytes.extend(bytes);
        self.views.push(view);
        self.views.len() - 1
    }

    fn floats<const N: usize>(&mut self, rows: &[[f32; N]], kind: &str, bounds: Option<([f32; 3], [f32; 3])>) -> usize {
        let bytes: Vec<u8> = rows.iter().flatten().flat_map(|part| part.to_le_bytes()).collect();
        let view = self.view(&bytes, Some(ARRAY_BUFFER));
        let mut accessor = json!({"bufferView": view, "componentType": FLOAT, "count": rows.len(), "type": kind});
        if let Some((low, high)) = bounds {
            accessor["min"] = json!(low);
            accessor["max"] = json!(high);
        }
        self.accessors.push(accessor);
        self.accessors.len() - 1
    }

    fn indices(&mut self, triangles: &[[u32; 3]]) -> usize {
        let bytes: Vec<u8> = triangles.iter().flatten().flat_map(|index| index.to_le_bytes()).collect();
        let view = self.view(&bytes, Some(ELEMENT_ARRAY_BUFFER));
        let count = triangles.len() * 3;
        self.accessors
            .push(json!({"bufferView": view, "componentType": UNSIGNED_INT, "count": count, "type": "SCALAR"}));
        self.accessors.len() - 1
    }
}

/// Writes a model.
pub(super) fn write(name: &str, solids: &[Solid]) -> Result<Vec<u8>, PressError> {
    let mut buffer = Buffer::default();
    let (mut primitives, mut materials, mut textures, mut images) = (vec![], vec![], vec![], vec![]);
    for solid in solids {
        let mesh = &solid.mesh;
        let mut attributes = json!({
            "POSITION": buffer.floats(&mesh.positions, "VEC3", Some(mesh.bounds())),
            "NORMAL": buffer.floats(&mesh.normals, "VEC3", None),
        });
        let mut surface =
            json!({"baseColorFactor": rgba(solid.color), "metallicFactor": 0.0, "roughnessFactor": solid.roughness});
        if let Some(png) = &solid.picture {
            attributes["TEXCOORD_0"] = json!(buffer.floats(&mesh.uvs, "VEC2", None));
            let view = buffer.view(png, None);
            images.push(json!({"bufferView": view, "mimeType": "image/png", "name": solid.name}));
            textures.push(json!({"sampler": 0, "source": images.len() - 1}));
            surface["baseColorTexture"] = json!({"index": textures.len() - 1});
        }
        let mut material = json!({"name": solid.name, "pbrMetallicRoughness": surface});
        if solid.cut_out {
            material["alphaMode"] = json!("MASK");
            material["alphaCutoff"] = json!(0.5);
        }
        if solid.both_sides {
            material["doubleSided"] = json!(true);
        }
        materials.push(material);
        let indices = buffer.indices(&mesh.triangles);
        primitives
            .push(json!({"attributes": attributes, "indices": indices, "material": materials.len() - 1, "mode": 4}));
    }
    buffer.bytes.resize(buffer.bytes.len().next_multiple_of(4), 0);
    let mut document = json!({
        "asset": {"version": "2.0", "generator": format!("Platen press {PRESS_VERSION}")},
        "scene": 0,
        "scenes": [{"nodes": [0]}],
        "nodes": [{"mesh": 0, "name": name}],
        "meshes": [{"name": name, "primitives": primitives}],
        "materials": materials,
        "accessors": buffer.accessors,
        "bufferViews": buffer.views,
        "buffers": [{"byteLength": buffer.bytes.len()}],
    });
    if !images.is_empty() {
        let sampler = json!({"magFilter": LINEAR, "minFilter": LINEAR_MIPMAP_LINEAR, "wrapS": CLAMP, "wrapT": CLAMP});
        document["samplers"] = json!([sampler]);
        document["textures"] = json!(textures);
        document["images"] = json!(images);
    }
    let text =
        serde_json::to_vec(&document).map_err(|_| PressError::Defect("a model's description cannot be written"))?;
    Ok(container(text, &buffer.bytes))
}

fn rgba(color: [f32; 3]) -> [f32; 4] {
    [color[0], color[1], color[2], 1.0]
}

fn container(mut text: Vec<u8>, bytes: &[u8]) -> Vec<u8> {
    text.resize(text.len().next_multiple_of(4), b' ');
    let length = |n: usize| u32::try_from(n).unwrap_or(u32::MAX).to_le_bytes();
    let mut out = Vec::with_capacity(28 + text.len() + bytes.len());
    out.extend(b"glTF");
    out.extend(2_u32.to_le_bytes());
    out.extend(length(28 + text.len() + bytes.len()));
    out.extend(length(text.len()));
    out.extend(b"JSON");
    out.extend(text);
    out.extend(length(bytes.len()));
    out.extend(b"BIN\0");
    out.extend(bytes);
    out
}
