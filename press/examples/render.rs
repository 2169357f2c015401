//! Renders a wire spec (or a wrapped sample) into a folder: `render SPEC.json OUT [ASSETS]`.

use std::path::Path;

use platen_press::{Assets, Profile, check, render, zone_files};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let [spec, out, rest @ ..] = args.as_slice() else { return Err("usage: render SPEC.json OUT [ASSETS]".into()) };
    let wire: serde_json::Value = serde_json::from_str(&std::fs::read_to_string(spec)?)?;
    let wire = wire.get("spec").unwrap_or(&wire);
    let checked = check(wire).map_err(|problems| format!("{problems:?}"))?;
    let folder = rest.first().map_or_else(|| Path::new(spec).parent().unwrap_or(Path::new(".")), Path::new);
    let mut assets = Assets::new();
    for href in checked.spec.assets() {
        assets.insert(href, &std::fs::read(folder.join(href))?)?;
    }
    let out = Path::new(out);
    std::fs::create_dir_all(out)?;
    for profile in Profile::ALL {
        let folder = out.join(profile.name());
        std::fs::create_dir_all(&folder)?;
        let began = std::time::Instant::now();
        for file in render(&checked.spec, &assets, profile)? {
            std::fs::write(folder.join(&file.path), &file.bytes)?;
        }
        println!("{} {:?}", profile.name(), began.elapsed());
    }
    for file in zone_files(&checked.spec, &assets)? {
        std::fs::write(out.join(&file.path), &file.bytes)?;
    }
    println!("{}", checked.hash);
    Ok(())
}
