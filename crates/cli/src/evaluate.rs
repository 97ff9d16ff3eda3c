//! `lockstep evaluate`: AuthZEN requests, one a line, and a decision for each.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{self, BufRead, BufReader, BufWriter, Read, Write};
use std::path::Path;

use lockstep_core::{Access, Facts, Node, Operation, PrincipalId, Record, World, evaluate};
use lockstep_wire::{
    ErrorView, EvaluationRequest, NamedBy, REQUEST_BYTES_MAX, RequestError, ResourceTypes,
    WorldDocument,
};

use crate::arguments::InWorld;
use crate::error::CommandError;
use crate::world_file::Asked;
use crate::{output, world_file};

/// Nodes in all that is remembered of principals, together: some hundred megabytes.
const REMEMBERED_NODES: usize = 500_000;

/// Answers the requests at `requests`, or on standard input.
///
/// # Errors
/// When policy or world are wrong, requests cannot be read, or answers cannot be written.
pub(crate) fn run(world: &InWorld, requests: Option<&Path>) -> Result<(), CommandError> {
    let asked = world_file::read(world)?;
    let path = requests.filter(|path| *path != Path::new("-"));
    let name = path.unwrap_or(Path::new("standard input"));
    let unreadable = |error| CommandError::Read {
        path: name.to_owned(),
        error,
    };
    let input: Box<dyn Read> = match path {
        Some(path) => Box::new(File::open(path).map_err(unreadable)?),
        None => Box::new(io::stdin().lock()),
    };
    let mut input = BufReader::with_capacity(REQUEST_BYTES_MAX, input);
    let mut output = BufWriter::new(io::stdout().lock());
    let mut answers = Answers::new(&asked)?;
    let mut line = Vec::new();
    while let Some(read) = read_line(&mut input, &mut line).map_err(unreadable)? {
        let mut answer = match read {
            Line::Whole => answers.answer(&line)?,
            Line::TooLong => json(&ErrorView::from(&RequestError::TooLong))?,
        };
        answer.push(b'\n');
        let mut written = output.write_all(&answer);
        if input.buffer().is_empty() {
            // Whoever asks line by line waits for this one.
            written = written.and_then(|()| output.flush());
        }
        if let Err(error) = written {
            return output::settled(Err(error));
        }
    }
    output::settled(output.flush())
}

/// What was read of a line.
enum Line {
    Whole,
    TooLong,
}

/// Reads the next line without its end; never more of it than a request may have. `None` at the end.
fn read_line(input: &mut impl BufRead, line: &mut Vec<u8>) -> io::Result<Option<Line>> {
    line.clear();
    let limit = u64::try_from(REQUEST_BYTES_MAX).unwrap_or(u64::MAX);
    // One more for the line's end.
    let read = input
        .take(limit.saturating_add(1))
        .read_until(b'\n', line)?;
    if read == 0 {
        return Ok(None);
    }
    if line.last() == Some(&b'\n') {
        line.pop();
        return Ok(Some(Line::Whole));
    }
    if line.len() <= REQUEST_BYTES_MAX {
        return Ok(Some(Line::Whole));
    }
    line.clear();
    input.skip_until(b'\n')?;
    Ok(Some(Line::TooLong))
}

/// Answers about one world.
struct Answers<'a> {
    types: &'a ResourceTypes,
    document: &'a WorldDocument,
    world: &'a World,
    stranger: Access,
    known: BTreeMap<PrincipalId, (Access, Facts)>,
    known_max: usize,
}

impl<'a> Answers<'a> {
    fn new(asked: &'a Asked) -> Result<Self, CommandError> {
        let Asked {
            types,
            document,
            world,
        } = asked;
        let nodes = vec![Node::organization(world.node_name(world.root()))];
        let stranger = Record {
            nodes,
            ..Record::default()
        };
        Ok(Self {
            stranger: Access::resolve_own(world.policy(), stranger, world.now_ms())
                .map_err(|error| CommandError::Write(io::Error::other(error)))?,
            known: BTreeMap::new(),
            known_max: REMEMBERED_NODES
                .checked_div(world.nodes().count())
                .unwrap_or_default(),
            types,
            document,
            world,
        })
    }

    /// The decision about the request in `line`, as JSON, or what is wrong with it.
    fn answer(&mut self, line: &[u8]) -> Result<Vec<u8>, CommandError> {
        let request = match EvaluationRequest::read(line, self.types) {
            Ok(request) => request,
            Err(error) => return json(&ErrorView::from(&error)),
        };
        // A world has no issuers, so what one calls somebody is nobody's name in it.
        let named = (request.named_by() == NamedBy::Directory).then_some(&request.principal);
        let decision = match named.and_then(|name| self.world.principal(name)) {
            None => request.decide(&self.stranger, &Facts::default()),
            Some(principal) => {
                let (document, world) = (self.document, self.world);
                let (access, facts) = self.of(principal);
                let mut facts = facts.clone();
                if let Some(member) = &request.member
                    && may_read(access, &facts)
                {
                    // Of who is not there it says nothing, either.
                    let known = document.target_facts(world, &request.principal, member);
                    facts.extend(&known.unwrap_or_default());
                }
                request.decide(access, &facts)
            }
        };
        match decision {
            Ok(decision) => json(&decision),
            Err(error) => json(&ErrorView::from(&error)),
        }
    }

    /// What `principal` holds and what is known of it, resolved once as long as it is remembered.
    fn of(&mut self, principal: PrincipalId) -> &(Access, Facts) {
        if self.known.len() > self.known_max {
            self.known.clear();
        }
        let world = self.world;
        let resolve = || (world.access(principal), world.facts(principal));
        self.known.entry(principal).or_insert_with(resolve)
    }
}

/// Whether who holds `access` may list members: nobody else is told of them by an answer, as at the edge.
fn may_read(access: &Access, facts: &Facts) -> bool {
    let permission = access.policy().operation(Operation::MemberRead);
    permission.is_some_and(|read| evaluate(access, read, access.root(), facts).is_allow())
}

fn json(answer: &impl serde::Serialize) -> Result<Vec<u8>, CommandError> {
    serde_json::to_vec(answer).map_err(CommandError::Json)
}
