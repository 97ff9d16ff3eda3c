//! An organization as its members see it, and no more: what a history of the real one is held against.

use std::collections::BTreeMap;

use serde::Deserialize;

use super::checker::Model;

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Role {
    Member,
    Owner,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Invitation {
    Over,
    Pending,
}

/// Everything that the operations below can tell apart. People and invitations are numbers.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Deserialize)]
pub(super) struct State {
    pub(super) epoch: i64,
    pub(super) name: String,
    pub(super) seats: usize,
    pub(super) members: BTreeMap<usize, Role>,
    /// Whose address it is for, who made it, and how it is.
    pub(super) invitations: BTreeMap<usize, (usize, usize, Invitation)>,
}

/// What a client asks for. Everything but `Read` changes something.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Operation {
    Accept {
        by: usize,
        invitation: usize,
    },
    Cancel {
        by: usize,
        invitation: usize,
    },
    /// By oneself: leaving.
    Remove {
        by: usize,
        member: usize,
    },
    Rename {
        by: usize,
        name: String,
    },
    Role {
        by: usize,
        member: usize,
        role: Role,
    },
    Read {
        by: usize,
    },
}

/// What a client saw.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Answer {
    /// The change has this epoch.
    Done { epoch: i64 },
    /// Epoch, name, and how many seats are taken.
    Read {
        epoch: i64,
        name: String,
        taken: usize,
    },
    /// With this status.
    Refused { status: u16 },
}

type Outcome = Result<State, u16>;

impl State {
    pub(super) fn owners(&self) -> usize {
        let roles = self.members.values();
        roles.filter(|role| **role == Role::Owner).count()
    }

    /// The same with a change and one epoch more.
    fn with(&self, change: impl FnOnce(&mut Self)) -> Outcome {
        let mut next = self.clone();
        next.epoch += 1;
        change(&mut next);
        Ok(next)
    }

    /// Whoever is no member sees nothing, and only owners change what these operations change.
    fn require_owner(&self, by: usize) -> Result<(), u16> {
        match self.members.get(&by) {
            None => Err(404),
            Some(Role::Member) => Err(403),
            Some(Role::Owner) => Ok(()),
        }
    }

    fn apply(&self, operation: &Operation) -> Outcome {
        match operation {
            Operation::Accept { by, invitation } => self.accept(*by, *invitation),
            Operation::Cancel { by, invitation } => {
                self.require_owner(*by)?;
                match self.invitations[invitation].2 {
                    Invitation::Over => Err(409),
                    Invitation::Pending => self.with(|next| next.end(*invitation)),
                }
            }
            Operation::Read { by } if !self.members.contains_key(by) => Err(404),
            Operation::Read { .. } => Ok(self.clone()),
            Operation::Remove { by, member } if by == member => self.leave(*by),
            Operation::Remove { by, member } => {
                self.require_visible(*by, *member)?;
                self.require_owner(*by)?;
                self.with(|next| {
                    next.members.remove(member);
                })
            }
            Operation::Rename { by, name } => {
                self.require_owner(*by)?;
                self.with(|next| next.name.clone_from(name))
            }
            Operation::Role { by, member, role } => {
                self.require_visible(*by, *member)?;
                self.require_owner(*by)?;
                if by == member {
                    return Err(403);
                }
                self.with(|next| {
                    next.members.insert(*member, *role);
                })
            }
        }
    }

    fn require_visible(&self, by: usize, member: usize) -> Result<(), u16> {
        let are_members = [by, member]
            .iter()
            .all(|user| self.members.contains_key(user));
        if are_members { Ok(()) } else { Err(404) }
    }

    fn end(&mut self, invitation: usize) {
        self.invitations.get_mut(&invitation).unwrap().2 = Invitation::Over;
    }

    fn accept(&self, by: usize, invitation: usize) -> Outcome {
        let (invited, inviter, state) = self.invitations[&invitation];
        if invited != by {
            return Err(404);
        }
        let is_void = self.members.get(&inviter) != Some(&Role::Owner);
        let is_new = !self.members.contains_key(&by);
        let is_full = is_new && self.members.len() >= self.seats;
        if state == Invitation::Over || is_void || is_full {
            return Err(409);
        }
        self.with(|next| {
            next.end(invitation);
            next.members.entry(by).or_insert(Role::Member);
        })
    }

    fn leave(&self, by: usize) -> Outcome {
        let role = self.members.get(&by).ok_or(404_u16)?;
        // An owner has to be given another role first.
        if *role == Role::Owner {
            return Err(403);
        }
        self.with(|next| {
            next.members.remove(&by);
        })
    }

    fn answers(&self, after: &Self, operation: &Operation) -> Answer {
        match operation {
            Operation::Read { .. } => Answer::Read {
                epoch: self.epoch,
                name: self.name.clone(),
                taken: self.members.len(),
            },
            _ => Answer::Done { epoch: after.epoch },
        }
    }
}

impl Model for State {
    type Operation = Operation;
    type Answer = Answer;

    fn step(&self, operation: &Operation, answer: Option<&Answer>) -> Option<Self> {
        match (self.apply(operation), answer) {
            (Ok(next), None) => Some(next),
            // What is refused has no effect that anybody waits for.
            (Err(_), None) => None,
            (Ok(next), Some(answer)) => (self.answers(&next, operation) == *answer).then_some(next),
            (Err(expected), Some(Answer::Refused { status })) => {
                (expected == *status).then(|| self.clone())
            }
            (Err(_), Some(_)) => None,
        }
    }

    fn is_look(operation: &Operation, answer: &Answer) -> bool {
        matches!(operation, Operation::Read { .. }) || matches!(answer, Answer::Refused { .. })
    }
}
