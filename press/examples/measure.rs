//! Our side of `bench/previews.mjs`: commands on standard input, a JSON line each on standard output.
//!
//! `preview SPEC PX N`, `print SPEC N`: N times from the spec's text to the PNG's bytes, with the nanoseconds of each; `pdf SPEC N`: the same
//! to the PDFs' bytes, the pictures read and decoded each time; `svg SPEC OUT`: what
//! the others are given to draw; `many SPEC PX SECONDS THREADS`: how many previews fit; `memory`: the most this process ever held.

use std::io::{BufRead, Write};
use std::path::Path;
use std::time::{Duration, Instant};

use platen_press::{Assets, Profile, Spec, check_str, preview, print_pdfs, render, zone_files};

type Failed = Box<dyn std::error::Error + Send + Sync>;

struct Design {
    text: String,
    assets: Assets,
}

impl Design {
    fn read(path: &str) -> Result<Self, Failed> {
        let text = std::fs::read_to_string(path)?;
        let spec = Self::spec(&text)?;
        let folder = Path::new(path).parent().unwrap_or(Path::new("."));
        let mut assets = Assets::new();
        for href in spec.assets() {
            assets.insert(href, &std::fs::read(folder.join(href))?)?;
        }
        Ok(Self { text, assets })
    }

    fn spec(text: &str) -> Result<Spec, Failed> {
        Ok(check_str(text).map_err(|problems| format!("{problems:?}"))?.spec)
    }

    fn preview(&self, px: u32) -> Result<usize, Failed> {
        Ok(preview(&Self::spec(&self.text)?, &self.assets, px)?.len())
    }

    fn pdf(&self) -> Result<usize, Failed> {
        let files = print_pdfs(&Self::spec(&self.text)?, &self.assets, None)?;
        Ok(files.iter().map(|file| file.bytes.len()).sum())
    }

    fn print(&self) -> Result<usize, Failed> {
        let files = render(&Self::spec(&self.text)?, &self.assets, Profile::Final)?;
        Ok(files.first().map_or(0, |file| file.bytes.len()))
    }
}

fn timed(n: usize, run: impl Fn() -> Result<usize, Failed>) -> Result<String, Failed> {
    let mut times = Vec::with_capacity(n);
    let mut bytes = 0;
    for _ in 0..n {
        let began = Instant::now();
        bytes = run()?;
        times.push(began.elapsed().as_nanos().to_string());
    }
    Ok(format!("{{\"bytes\":{bytes},\"ns\":[{}]}}", times.join(",")))
}

fn many(design: &Design, px: u32, seconds: f64, threads: usize) -> Result<String, Failed> {
    let until = Instant::now() + Duration::from_secs_f64(seconds);
    let counts = std::thread::scope(|scope| {
        let work = || {
            let mut count = 0_u64;
            while Instant::now() < until && design.preview(px).is_ok() {
                count += 1;
            }
            count
        };
        let running: Vec<_> = (0..threads).map(|_| scope.spawn(work)).collect();
        running.into_iter().map(|one| one.join().unwrap_or(0)).sum::<u64>()
    });
    Ok(format!("{{\"count\":{counts}}}"))
}

fn memory() -> Result<String, Failed> {
    let status = std::fs::read_to_string("/proc/self/status")?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).ok_or("no VmHWM")?;
    Ok(format!("{{\"kb\":{}}}", line.trim().trim_end_matches(" kB")))
}

fn answer(line: &str) -> Result<String, Failed> {
    match line.split_whitespace().collect::<Vec<_>>().as_slice() {
        ["preview", spec, px, n] => {
            let (design, px) = (Design::read(spec)?, px.parse()?);
            timed(n.parse()?, || design.preview(px))
        }
        ["print", spec, n] => {
            let design = Design::read(spec)?;
            timed(n.parse()?, || design.print())
        }
        ["pdf", spec, n] => timed(n.parse()?, || Design::read(spec)?.pdf()),
        ["many", spec, px, seconds, threads] => {
            many(&Design::read(spec)?, px.parse()?, seconds.parse()?, threads.parse()?)
        }
        ["svg", spec, out] => {
            let design = Design::read(spec)?;
            let files = zone_files(&Design::spec(&design.text)?, &design.assets)?;
            let svg = files.iter().find(|file| file.media_type == "image/svg+xml").ok_or("no SVG")?;
            std::fs::write(out, &svg.bytes)?;
            Ok("{}".to_owned())
        }
        ["memory"] => memory(),
        other => Err(format!("what is {other:?}?").into()),
    }
}

fn main() -> Result<(), Failed> {
    let mut out = std::io::stdout().lock();
    for line in std::io::stdin().lock().lines() {
        writeln!(out, "{}", answer(&line?)?)?;
        out.flush()?;
    }
    Ok(())
}
