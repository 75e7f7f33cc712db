//! Builds the kustomization in a directory several times, with and without a cache of parsed files, and tells what each
//! build takes: `rebuild ROOT DIRECTORY TIMES`.
#![forbid(unsafe_code)]
#![allow(clippy::print_stdout)]

use std::env;
use std::error::Error;
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use kustomize::{BuildOptions, ParseCache, build};
use tree::{Limits, PlainOpener, Tree, TreePath};

fn main() -> Result<(), Box<dyn Error>> {
    let mut args = env::args().skip(1);
    let (Some(root), Some(directory), Some(times)) = (args.next(), args.next(), args.next()) else {
        return Err("usage: rebuild ROOT DIRECTORY TIMES".into());
    };
    let tree = Tree::directory(Path::new(&root), Limits::default())?;
    let directory = TreePath::parse(&directory)?;
    let times: usize = times.parse()?;
    let cache = Arc::new(ParseCache::new(256 << 20));
    for (name, cache) in [("without", None), ("with", Some(&cache))] {
        let options = BuildOptions {
            cache: cache.cloned(),
            ..BuildOptions::default()
        };
        let mut taken: Vec<(Duration, Duration)> = Vec::with_capacity(times);
        for _ in 0..=times {
            let begun = Instant::now();
            let built = build(&tree, &PlainOpener, &directory, &options)?;
            let build = begun.elapsed();
            built.to_yaml()?;
            taken.push((build, begun.elapsed()));
        }
        // The first build fills the cache.
        let mut later = taken.split_off(1);
        later.sort_unstable();
        let (build, all) = later.get(times / 2).copied().unwrap_or_default();
        println!("{name} a cache: {build:?} to build, {all:?} with the output");
    }
    println!("{:?}", cache.usage());
    Ok(())
}
