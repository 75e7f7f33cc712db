//! Builds the kustomization in a directory and prints what `kustomize build` prints.
//!
//! The tree is the directory's parent of the given depth, so that bases beside it are found:
//! `build ROOT DIRECTORY`.
#![forbid(unsafe_code)]
#![allow(clippy::print_stdout, clippy::print_stderr)]

use std::env;
use std::error::Error;
use std::path::Path;

use kustomize::{BuildOptions, build};
use tree::{Limits, PlainOpener, Tree, TreePath};

fn main() -> Result<(), Box<dyn Error>> {
    let mut args = env::args().skip(1);
    let (Some(root), Some(directory)) = (args.next(), args.next()) else {
        return Err("usage: build ROOT DIRECTORY".into());
    };
    let tree = Tree::directory(Path::new(&root), Limits::default())?;
    let directory = TreePath::parse(&directory)?;
    let built = build(&tree, &PlainOpener, &directory, &BuildOptions::default())?;
    for warning in &built.warnings {
        eprintln!("{warning}");
    }
    print!("{}", built.to_yaml()?);
    Ok(())
}
