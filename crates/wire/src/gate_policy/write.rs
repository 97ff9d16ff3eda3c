//! Writing the compiled form.

use alloc::vec::Vec;

use lockstep_core::{Bits, Level, PermissionParts, PolicyParts, RoleParts};

use super::{FORMAT, MAGIC};
use crate::bytes::{write_index, write_text};
use crate::digest;
use crate::flat::{write_conditions, write_texts};

/// The compiled form of `parts` under a digest in hex; `None` when that is no digest.
pub(super) fn write(parts: &PolicyParts, digest: &str) -> Option<Vec<u8>> {
    let mut bytes = MAGIC.to_vec();
    bytes.push(FORMAT);
    bytes.extend(digest::of_hex(digest)?);
    let mut writer = Writer { bytes };
    writer.parts(parts);
    Some(digest::with_checksum(writer.bytes))
}

struct Writer {
    bytes: Vec<u8>,
}

impl Writer {
    fn parts(&mut self, parts: &PolicyParts) {
        self.number(parts.rights);
        self.set(&parts.everyone);
        self.set(&parts.everyone_denied);
        write_texts(&parts.features, &mut self.bytes);
        self.number(parts.custom_levels.len());
        let levels = parts.custom_levels.iter();
        self.bytes.extend(levels.map(|level| number_of(*level)));
        self.bytes.push(parts.custom_additions.into());
        self.number(parts.guards.len());
        for guard in &parts.guards {
            write_conditions(guard, &mut self.bytes);
        }
        self.number(parts.permissions.len());
        parts.permissions.iter().for_each(|it| self.permission(it));
        self.number(parts.roles.len());
        parts.roles.iter().for_each(|it| self.role(it));
        self.number(parts.ownership.len());
        for (level, rights) in &parts.ownership {
            self.bytes.push(number_of(*level));
            self.set(rights);
        }
        self.number(parts.rules.len());
        for rule in &parts.rules {
            self.text(&rule.id);
            self.text(&rule.because);
        }
        self.number(parts.denials.len());
        for denial in &parts.denials {
            self.number(denial.permission);
            self.optional(denial.guard);
            self.number(denial.rule);
        }
        self.number(parts.replacements.len());
        for replacement in &parts.replacements {
            self.number(replacement.feature);
            self.bytes.push(number_of(replacement.level));
            self.number(replacement.role);
        }
    }

    fn permission(&mut self, permission: &PermissionParts) {
        self.text(&permission.id);
        self.text(&permission.because);
        self.bytes.push(number_of(permission.level));
        self.bytes.push(permission.personal.into());
        self.optional(permission.guard);
        self.numbers(&permission.plan);
        self.numbers(&permission.implied);
        self.number(permission.conditional.len());
        for (right, guard) in &permission.conditional {
            self.number(*right);
            self.number(*guard);
        }
    }

    fn role(&mut self, role: &RoleParts) {
        self.text(&role.id);
        self.text(&role.name);
        self.bytes.push(number_of(role.level));
        self.bytes.push(role.overriding.into());
        self.set(&role.rights);
        self.set(&role.denied);
        self.bytes.push(role.cap.is_some().into());
        role.cap.iter().for_each(|cap| self.set(cap));
    }

    fn text(&mut self, text: &str) {
        write_text(text, &mut self.bytes);
    }

    fn number(&mut self, number: usize) {
        write_index(number, &mut self.bytes);
    }

    fn optional(&mut self, number: Option<usize>) {
        self.number(number.map_or(0, |number| number + 1));
    }

    fn numbers(&mut self, numbers: &[usize]) {
        self.number(numbers.len());
        numbers.iter().for_each(|number| self.number(*number));
    }

    fn set(&mut self, bits: &Bits) {
        let words = bits.words().iter();
        let mut bytes: Vec<u8> = words.flat_map(|word| word.to_le_bytes()).collect();
        while bytes.pop_if(|last| *last == 0).is_some() {}
        self.number(bytes.len());
        self.bytes.extend(bytes);
    }
}

const fn number_of(level: Level) -> u8 {
    match level {
        Level::Organization => 0,
        Level::Workspace => 1,
        Level::Project => 2,
    }
}
