//! From text to syntax tree, accepting what Go's `text/template/parse` accepts. Here are templates and the actions
//! in them.

pub(crate) mod ast;
mod lex;
pub(crate) mod literal;
mod pipeline;

use std::collections::BTreeMap;

use ast::{Branch, Name, Node, Nodes, Offset};
use lex::{Bad, Keyword, Kind, Lexer, Token};
use pipeline::Context;

use crate::error::{ParseError, Position, SyntaxFault};
use crate::functions::Functions;

/// How deeply actions and parentheses may nest. Go allows 10,000 parentheses and has no limit for actions; it has a
/// growing stack.
const DEPTH: usize = 100;

/// The longest text of a template, in bytes.
const SIZE: usize = 16 << 20;

/// Where the lines of a text start.
pub(crate) struct Lines(Vec<Offset>);

impl Lines {
    pub(crate) fn position(&self, at: Offset) -> Position {
        let line = self.0.partition_point(|start| *start <= at);
        let start = line
            .checked_sub(1)
            .and_then(|index| self.0.get(index))
            .copied()
            .unwrap_or(0);
        Position {
            line,
            column: (at - start) as usize + 1,
        }
    }
}

/// A parsed text: the templates it defines, its own among them.
pub(crate) struct Parsed {
    pub(crate) templates: BTreeMap<Name, Nodes>,
    pub(crate) lines: Lines,
}

pub(crate) fn parse(name: &str, text: &str, functions: &Functions) -> Result<Parsed, ParseError> {
    let starts = memchr::memchr_iter(b'\n', text.as_bytes()).map(|index| index + 1);
    if text.len() > SIZE {
        return Err(ParseError {
            fault: SyntaxFault::Size,
            position: Position { line: 1, column: 1 },
        });
    }
    let lines = Lines(
        std::iter::once(0)
            .chain(starts)
            .map(|start| start as Offset)
            .collect(),
    );
    let mut parser = Parser {
        lexer: Lexer::new(text),
        pending: Vec::new(),
        functions,
        templates: BTreeMap::new(),
        scope: Scope::default(),
        depth: 0,
    };
    match parser.file(name) {
        Ok(()) => Ok(Parsed {
            templates: parser.templates,
            lines,
        }),
        Err((fault, at)) => Err(ParseError {
            fault,
            position: lines.position(at),
        }),
    }
}

struct Parser<'a> {
    lexer: Lexer<'a>,
    pending: Vec<Token<'a>>,
    functions: &'a Functions,
    templates: BTreeMap<Name, Nodes>,
    scope: Scope,
    depth: usize,
}

/// What is visible where a `define` or `block` begins anew.
#[derive(Default)]
struct Scope {
    variables: Vec<Name>,
    ranges: usize,
}

enum Ending {
    End,
    Else,
}

enum Item {
    Node(Node),
    Ending(Ending, Offset),
}

type Parse<T> = Result<T, Bad>;

fn fail<T>(fault: SyntaxFault, at: Offset) -> Parse<T> {
    Err((fault, at))
}

impl<'a> Parser<'a> {
    fn next(&mut self) -> Parse<Token<'a>> {
        match self.pending.pop() {
            Some(token) => Ok(token),
            None => self.lexer.next(),
        }
    }

    fn back(&mut self, token: Token<'a>) {
        self.pending.push(token);
    }

    fn peek(&mut self) -> Parse<Token<'a>> {
        let token = self.next()?;
        self.back(token);
        Ok(token)
    }

    fn next_word(&mut self) -> Parse<Token<'a>> {
        loop {
            let token = self.next()?;
            if token.kind != Kind::Space {
                return Ok(token);
            }
        }
    }

    fn peek_word(&mut self) -> Parse<Token<'a>> {
        let token = self.next_word()?;
        self.back(token);
        Ok(token)
    }

    fn expect(&mut self, kind: Kind) -> Parse<Token<'a>> {
        let token = self.next_word()?;
        if token.kind == kind {
            Ok(token)
        } else {
            fail(SyntaxFault::Unexpected, token.at)
        }
    }

    fn file(&mut self, name: &str) -> Parse<()> {
        self.scope.variables.push("$".into());
        let mut root = Nodes::new();
        loop {
            let token = self.peek()?;
            if token.kind == Kind::End {
                return self.add(name.into(), root, token.at);
            }
            if token.kind == Kind::LeftDelim {
                let delim = self.next()?;
                let word = self.next_word()?;
                if word.kind == Kind::Keyword(Keyword::Define) {
                    self.definition(word.at)?;
                    continue;
                }
                self.back(word);
                self.back(delim);
            }
            match self.item()? {
                Item::Node(node) => root.push(node),
                Item::Ending(_, at) => return fail(SyntaxFault::UnexpectedEnd, at),
            }
        }
    }

    /// Adds a template. An empty one never replaces another, and two that are not empty are an error.
    fn add(&mut self, name: Name, nodes: Nodes, at: Offset) -> Parse<()> {
        match self.templates.get(&name) {
            Some(old) if !is_empty(old) => {
                if !is_empty(&nodes) {
                    return fail(SyntaxFault::DefinedTwice, at);
                }
            }
            _ => {
                self.templates.insert(name, nodes);
            }
        }
        Ok(())
    }

    fn definition(&mut self, at: Offset) -> Parse<()> {
        let token = self.next_word()?;
        let name = template_name(&token)?;
        self.expect(Kind::RightDelim)?;
        let body = self.separate()?;
        self.add(name, body, at)
    }

    /// A body that sees no variables from outside.
    fn separate(&mut self) -> Parse<Nodes> {
        let scope = Scope {
            variables: vec!["$".into()],
            ranges: 0,
        };
        let outer = std::mem::replace(&mut self.scope, scope);
        let (body, ending, at) = self.items()?;
        self.scope = outer;
        match ending {
            Ending::End => Ok(body),
            Ending::Else => fail(SyntaxFault::UnexpectedEnd, at),
        }
    }

    fn items(&mut self) -> Parse<(Nodes, Ending, Offset)> {
        self.depth += 1;
        let mut nodes = Nodes::new();
        loop {
            let token = self.peek_word()?;
            if token.kind == Kind::End {
                return fail(SyntaxFault::MissingEnd, token.at);
            }
            if self.depth > DEPTH {
                return fail(SyntaxFault::Depth, token.at);
            }
            match self.item()? {
                Item::Node(node) => nodes.push(node),
                Item::Ending(ending, at) => {
                    self.depth -= 1;
                    return Ok((nodes, ending, at));
                }
            }
        }
    }

    fn item(&mut self) -> Parse<Item> {
        let token = self.next_word()?;
        match token.kind {
            Kind::Text => Ok(Item::Node(Node::Text(token.text.as_bytes().into()))),
            Kind::LeftDelim => self.action(),
            _ => fail(SyntaxFault::Unexpected, token.at),
        }
    }

    fn action(&mut self) -> Parse<Item> {
        let token = self.next_word()?;
        let Kind::Keyword(keyword) = token.kind else {
            self.back(token);
            return Ok(Item::Node(Node::Action(
                self.pipeline(Context::Command, Kind::RightDelim)?,
            )));
        };
        let at = token.at;
        let node = match keyword {
            Keyword::Block => self.block(at)?,
            Keyword::Template => self.call(at)?,
            Keyword::Break | Keyword::Continue => {
                self.expect(Kind::RightDelim)?;
                if self.scope.ranges == 0 {
                    return fail(SyntaxFault::OutsideRange, at);
                }
                if keyword == Keyword::Break {
                    Node::Break
                } else {
                    Node::Continue
                }
            }
            Keyword::Else => {
                let next = self.peek_word()?;
                if !matches!(next.kind, Kind::Keyword(Keyword::If | Keyword::With)) {
                    self.expect(Kind::RightDelim)?;
                }
                return Ok(Item::Ending(Ending::Else, at));
            }
            Keyword::End => {
                self.expect(Kind::RightDelim)?;
                return Ok(Item::Ending(Ending::End, at));
            }
            Keyword::If => Node::If(self.branch(Context::If)?),
            Keyword::Range => Node::Range(self.branch(Context::Range)?),
            Keyword::With => Node::With(self.branch(Context::With)?),
            Keyword::Define => return fail(SyntaxFault::Unexpected, at),
        };
        Ok(Item::Node(node))
    }

    fn branch(&mut self, context: Context) -> Parse<Branch> {
        let visible = self.scope.variables.len();
        let pipe = self.pipeline(context, Kind::RightDelim)?;
        let loops = usize::from(context == Context::Range);
        self.scope.ranges += loops;
        let (body, ending, _) = self.items()?;
        self.scope.ranges -= loops;
        let otherwise = match ending {
            Ending::End => None,
            Ending::Else => {
                let next = self.peek()?;
                match (context, next.kind) {
                    // `{{else if}}` stands for `{{else}}{{if}}` with one `{{end}}` for both. Space tokens are
                    // already gone: the `else` has looked at this word.
                    (Context::If, Kind::Keyword(Keyword::If))
                    | (Context::With, Kind::Keyword(Keyword::With)) => {
                        self.next()?;
                        self.depth += 1;
                        if self.depth > DEPTH {
                            return fail(SyntaxFault::Depth, next.at);
                        }
                        let branch = self.branch(context)?;
                        self.depth -= 1;
                        Some(vec![if context == Context::If {
                            Node::If(branch)
                        } else {
                            Node::With(branch)
                        }])
                    }
                    _ => {
                        let (otherwise, ending, at) = self.items()?;
                        match ending {
                            Ending::End => Some(otherwise),
                            Ending::Else => return fail(SyntaxFault::UnexpectedEnd, at),
                        }
                    }
                }
            }
        };
        self.scope.variables.truncate(visible);
        Ok(Branch {
            pipe,
            body,
            otherwise,
        })
    }

    fn block(&mut self, at: Offset) -> Parse<Node> {
        let token = self.next_word()?;
        let name = template_name(&token)?;
        let pipe = self.pipeline(Context::Block, Kind::RightDelim)?;
        let body = self.separate()?;
        self.add(name.clone(), body, at)?;
        Ok(Node::Template {
            at: token.at,
            name,
            pipe: Some(pipe),
        })
    }

    fn call(&mut self, at: Offset) -> Parse<Node> {
        let token = self.next_word()?;
        let name = template_name(&token)?;
        let next = self.next_word()?;
        let pipe = if next.kind == Kind::RightDelim {
            None
        } else {
            self.back(next);
            Some(self.pipeline(Context::Template, Kind::RightDelim)?)
        };
        Ok(Node::Template { at, name, pipe })
    }
}

fn template_name(token: &Token<'_>) -> Parse<Name> {
    if !matches!(token.kind, Kind::String | Kind::RawString) {
        return fail(SyntaxFault::Unexpected, token.at);
    }
    // A name is compared and never printed, so one that is not UTF-8 may be told apart by its replacement alone.
    match literal::unquote(token.text) {
        Some(name) => Ok(String::from_utf8_lossy(&name).into()),
        None => fail(SyntaxFault::Escape, token.at),
    }
}

fn is_empty(nodes: &Nodes) -> bool {
    nodes.iter().all(|node| match node {
        Node::Text(text) => String::from_utf8_lossy(text).trim().is_empty(),
        _ => false,
    })
}
