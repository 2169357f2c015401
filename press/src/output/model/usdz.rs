//! USDZ: a stored ZIP whose first entry is the scene as text, every payload at a multiple of 64 bytes.

use std::fmt::Write as _;
use std::io::{Cursor, Write as _};

use zip::write::SimpleFileOptions;
use zip::{CompressionMethod, DateTime, ZipWriter};

use super::Solid;
use crate::{PRESS_VERSION, PressError};

/// Where payloads may begin.
const ALIGNMENT: u16 = 64;
/// The scene counts in centimetres, as viewers expect.
const PER_METRE: f64 = 100.0;

/// Writes a model.
pub(super) fn write(name: &str, solids: &[Solid]) -> Result<Vec<u8>, PressError> {
    let failed = |_| PressError::Defect("a USDZ could not be packed");
    let mut zip = ZipWriter::new(Cursor::new(Vec::new()));
    let options = SimpleFileOptions::default()
        .compression_method(CompressionMethod::Stored)
        .last_modified_time(DateTime::default())
        .unix_permissions(0o644)
        .with_alignment(ALIGNMENT);
    zip.start_file(format!("{name}.usda"), options).map_err(failed)?;
    zip.write_all(scene(name, solids).as_bytes()).map_err(|e| failed(e.into()))?;
    for solid in solids {
        if let Some(png) = &solid.picture {
            zip.start_file(format!("textures/{}.png", solid.name), options).map_err(failed)?;
            zip.write_all(png).map_err(|e| failed(e.into()))?;
        }
    }
    Ok(zip.finish().map_err(failed)?.into_inner())
}

fn scene(name: &str, solids: &[Solid]) -> String {
    let mut out = format!(
        "#usda 1.0\n(\n    defaultPrim = \"{name}\"\n    doc = \"Platen press {PRESS_VERSION}\"\n    metersPerUnit = 0.01\n    upAxis = \"Y\"\n)\n\n\
         def Xform \"{name}\" (\n    assetInfo = {{\n        string name = \"{name}\"\n    }}\n    kind = \"component\"\n)\n{{\n"
    );
    for solid in solids {
        mesh(&mut out, name, solid);
    }
    out.push_str("    def Scope \"Materials\"\n    {\n");
    for solid in solids {
        material(&mut out, name, solid);
    }
    out.push_str("    }\n}\n");
    out
}

/// A number with four decimals, written from an integer.
fn number(value: f64) -> String {
    let scaled = (value * 10_000.0).round() as i64;
    let (sign, scaled) = (if scaled < 0 { "-" } else { "" }, scaled.unsigned_abs());
    let digits = format!("{}.{:04}", scaled / 10_000, scaled % 10_000);
    format!("{sign}{}", digits.trim_end_matches('0').trim_end_matches('.'))
}

fn tuple(parts: &[f64]) -> String {
    format!("({})", parts.iter().map(|part| number(*part)).collect::<Vec<_>>().join(", "))
}

fn tuples(rows: impl Iterator<Item = Vec<f64>>) -> String {
    rows.map(|row| tuple(&row)).collect::<Vec<_>>().join(", ")
}

fn mesh(out: &mut String, name: &str, solid: &Solid) {
    let m = &solid.mesh;
    let cm = |p: &[f32; 3]| p.iter().map(|part| f64::from(*part) * PER_METRE).collect::<Vec<_>>();
    let (low, high) = m.bounds();
    let indices: Vec<String> = m.triangles.iter().flatten().map(ToString::to_string).collect();
    let counts = vec!["3"; m.triangles.len()].join(", ");
    let normals = m.normals.iter().map(|n| n.iter().map(|part| f64::from(*part)).collect());
    let uvs = m.uvs.iter().map(|uv| vec![f64::from(uv[0]), 1.0 - f64::from(uv[1])]);
    // Writing to a string cannot fail.
    let _ = write!(
        out,
        "    def Mesh \"{part}\" (\n        prepend apiSchemas = [\"MaterialBindingAPI\"]\n    )\n    {{\n\
         \x20       uniform bool doubleSided = {both}\n        float3[] extent = [{low}, {high}]\n\
         \x20       int[] faceVertexCounts = [{counts}]\n        int[] faceVertexIndices = [{indices}]\n\
         \x20       rel material:binding = </{name}/Materials/{part}>\n\
         \x20       normal3f[] normals = [{normals}] (\n            interpolation = \"vertex\"\n        )\n\
         \x20       point3f[] points = [{points}]\n\
         \x20       texCoord2f[] primvars:st = [{uvs}] (\n            interpolation = \"vertex\"\n        )\n\
         \x20       uniform token subdivisionScheme = \"none\"\n    }}\n\n",
        part = solid.name,
        both = u8::from(solid.both_sides),
        low = tuple(&cm(&low)),
        high = tuple(&cm(&high)),
        indices = indices.join(", "),
        normals = tuples(normals),
        points = tuples(m.positions.iter().map(cm)),
        uvs = tuples(uvs),
    );
}

fn material(out: &mut String, name: &str, solid: &Solid) {
    let path = format!("/{name}/Materials/{}", solid.name);
    let color = if solid.picture.is_some() {
        format!("color3f inputs:diffuseColor.connect = <{path}/Picture.outputs:rgb>")
    } else {
        let linear: Vec<f64> = solid.color.iter().map(|part| f64::from(*part)).collect();
        format!("color3f inputs:diffuseColor = {}", tuple(&linear))
    };
    let _ = write!(
        out,
        "        def Material \"{part}\"\n        {{\n            token outputs:surface.connect = <{path}/Surface.outputs:surface>\n\n\
         \x20           def Shader \"Surface\"\n            {{\n                uniform token info:id = \"UsdPreviewSurface\"\n\
         \x20               {color}\n                float inputs:metallic = 0\n                float inputs:roughness = {rough}\n\
         \x20               token outputs:surface\n            }}\n",
        part = solid.name,
        rough = number(f64::from(solid.roughness)),
    );
    if solid.picture.is_some() {
        let _ = write!(
            out,
            "\n            def Shader \"Reader\"\n            {{\n                uniform token info:id = \"UsdPrimvarReader_float2\"\n\
             \x20               string inputs:varname = \"st\"\n                float2 outputs:result\n            }}\n\n\
             \x20           def Shader \"Picture\"\n            {{\n                uniform token info:id = \"UsdUVTexture\"\n\
             \x20               asset inputs:file = @textures/{part}.png@\n                token inputs:sourceColorSpace = \"sRGB\"\n\
             \x20               float2 inputs:st.connect = <{path}/Reader.outputs:result>\n\
             \x20               token inputs:wrapS = \"clamp\"\n                token inputs:wrapT = \"clamp\"\n\
             \x20               float3 outputs:rgb\n            }}\n",
            part = solid.name,
        );
    }
    out.push_str("        }\n\n");
}

#[cfg(test)]
mod tests {
    use super::number;

    #[test]
    fn numbers_are_short_and_signed() {
        for (value, text) in
            [(0.0, "0"), (-0.00001, "0"), (1.5, "1.5"), (-4.1, "-4.1"), (12.34567, "12.3457"), (100.0, "100")]
        {
            assert_eq!(number(value), text);
        }
    }
}
