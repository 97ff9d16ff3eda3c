//! Every earlier version of every object, as it was stored: brought forward, and written to by code of its time.

mod words;

use std::rc::Rc;

use lockstep_token::{OrganizationId, UserId};

use super::{BASE, Version, migrate, version};
use crate::{
    address::AddressObject,
    domain::DomainObject,
    mailbox::MailboxObject,
    objects::{Class, Object},
    organization::{self, OrganizationObject},
    slug::SlugObject,
    sql::{Row, Sql},
    testing::{LocalSql, World},
    user::UserObject,
};

/// What is stored under a version: tables and rows. `$NAME` stands for the object's name.
struct Fixture {
    class: Class,
    own: i64,
    base: i64,
    text: &'static str,
}

/// One for every version of every object but the newest. A version that was in use is never changed.
const FIXTURES: &[Fixture] = &[
    Fixture {
        class: Class::Address,
        own: 1,
        base: 0,
        text: include_str!("fixtures/address-1.sql"),
    },
    Fixture {
        class: Class::Mailbox,
        own: 1,
        base: 0,
        text: include_str!("fixtures/mailbox-1.sql"),
    },
    Fixture {
        class: Class::Organization,
        own: 1,
        base: 0,
        text: include_str!("fixtures/organization-1.sql"),
    },
    Fixture {
        class: Class::Organization,
        own: 2,
        base: 0,
        text: include_str!("fixtures/organization-2.sql"),
    },
    Fixture {
        class: Class::Organization,
        own: 3,
        base: 1,
        text: include_str!("fixtures/organization-3.sql"),
    },
    Fixture {
        class: Class::Organization,
        own: 4,
        base: 1,
        text: include_str!("fixtures/organization-4.sql"),
    },
    Fixture {
        class: Class::Organization,
        own: 5,
        base: 1,
        text: include_str!("fixtures/organization-5.sql"),
    },
    Fixture {
        class: Class::Organization,
        own: 6,
        base: 1,
        text: include_str!("fixtures/organization-6.sql"),
    },
    Fixture {
        class: Class::Organization,
        own: 7,
        base: 1,
        text: include_str!("fixtures/organization-7.sql"),
    },
    Fixture {
        class: Class::Organization,
        own: 8,
        base: 1,
        text: include_str!("fixtures/organization-8.sql"),
    },
    Fixture {
        class: Class::Organization,
        own: 9,
        base: 1,
        text: include_str!("fixtures/organization-9.sql"),
    },
    Fixture {
        class: Class::Organization,
        own: 10,
        base: 1,
        text: include_str!("fixtures/organization-10.sql"),
    },
    Fixture {
        class: Class::Organization,
        own: 11,
        base: 1,
        text: include_str!("fixtures/organization-11.sql"),
    },
    Fixture {
        class: Class::Organization,
        own: 12,
        base: 1,
        text: include_str!("fixtures/organization-12.sql"),
    },
    Fixture {
        class: Class::Organization,
        own: 13,
        base: 1,
        text: include_str!("fixtures/organization-13.sql"),
    },
    Fixture {
        class: Class::Organization,
        own: 14,
        base: 1,
        text: include_str!("fixtures/organization-14.sql"),
    },
    Fixture {
        class: Class::Organization,
        own: 15,
        base: 1,
        text: include_str!("fixtures/organization-15.sql"),
    },
    Fixture {
        class: Class::Organization,
        own: 16,
        base: 1,
        text: include_str!("fixtures/organization-16.sql"),
    },
    Fixture {
        class: Class::Organization,
        own: 17,
        base: 1,
        text: include_str!("fixtures/organization-17.sql"),
    },
    Fixture {
        class: Class::Organization,
        own: 18,
        base: 1,
        text: include_str!("fixtures/organization-18.sql"),
    },
    Fixture {
        class: Class::Organization,
        own: 19,
        base: 1,
        text: include_str!("fixtures/organization-19.sql"),
    },
    Fixture {
        class: Class::Organization,
        own: 20,
        base: 1,
        text: include_str!("fixtures/organization-20.sql"),
    },
    Fixture {
        class: Class::Organization,
        own: 21,
        base: 2,
        text: include_str!("fixtures/organization-21.sql"),
    },
    Fixture {
        class: Class::Organization,
        own: 22,
        base: 3,
        text: include_str!("fixtures/organization-22.sql"),
    },
    Fixture {
        class: Class::Organization,
        own: 23,
        base: 3,
        text: include_str!("fixtures/organization-23.sql"),
    },
    Fixture {
        class: Class::User,
        own: 1,
        base: 0,
        text: include_str!("fixtures/user-1.sql"),
    },
    Fixture {
        class: Class::User,
        own: 2,
        base: 1,
        text: include_str!("fixtures/user-2.sql"),
    },
    Fixture {
        class: Class::User,
        own: 3,
        base: 1,
        text: include_str!("fixtures/user-3.sql"),
    },
    Fixture {
        class: Class::User,
        own: 4,
        base: 1,
        text: include_str!("fixtures/user-4.sql"),
    },
    Fixture {
        class: Class::User,
        own: 5,
        base: 1,
        text: include_str!("fixtures/user-5.sql"),
    },
    Fixture {
        class: Class::User,
        own: 6,
        base: 1,
        text: include_str!("fixtures/user-6.sql"),
    },
];

impl Fixture {
    fn statements(&self, name: &str) -> Vec<String> {
        let text: Vec<&str> = self
            .text
            .lines()
            .filter(|line| !line.starts_with("--"))
            .collect();
        let text = text.join("\n").replace("$NAME", name);
        let statements = text
            .split(';')
            .map(str::trim)
            .filter(|text| !text.is_empty());
        statements.map(str::to_owned).collect()
    }

    fn open(&self, name: &str) -> Rc<LocalSql> {
        let sql = LocalSql::open();
        for statement in self.statements(name) {
            Sql::exec(&*sql, &statement, &[])
                .unwrap_or_else(|error| panic!("{statement}: {error}"));
        }
        sql
    }

    fn migrate(&self, sql: &dyn Sql) {
        let now = version(sql).unwrap();
        let migrated = match self.class {
            Class::Address => migrate::<AddressObject>(sql, now),
            Class::Mailbox => migrate::<MailboxObject>(sql, now),
            Class::Organization => migrate::<OrganizationObject>(sql, now),
            Class::Domain => migrate::<DomainObject>(sql, now),
            Class::Slug => migrate::<SlugObject>(sql, now),
            Class::User => migrate::<UserObject>(sql, now),
        };
        migrated.unwrap();
    }

    /// An object of this kind as code of today makes it.
    fn fresh(&self) -> Rc<LocalSql> {
        let sql = LocalSql::open();
        self.migrate(&*sql);
        sql
    }
}

fn newest(class: Class) -> i64 {
    let migrations = match class {
        Class::Address => AddressObject::MIGRATIONS,
        Class::Mailbox => MailboxObject::MIGRATIONS,
        Class::Organization => OrganizationObject::MIGRATIONS,
        Class::Domain => DomainObject::MIGRATIONS,
        Class::Slug => SlugObject::MIGRATIONS,
        Class::User => UserObject::MIGRATIONS,
    };
    i64::try_from(migrations.len()).unwrap()
}

/// Everything that a schema is made of, however it came to be.
fn shape(sql: &dyn Sql) -> Vec<String> {
    let select = "SELECT type || ' ' || name AS text FROM sqlite_master WHERE name NOT LIKE 'sqlite_%'
        UNION ALL SELECT m.name || '.' || c.name || ' ' || c.type || ' ' || c.\"notnull\" || ' ' || c.pk || ' ' || COALESCE(c.dflt_value, '')
        FROM sqlite_master m JOIN pragma_table_info(m.name) c WHERE m.type = 'table' AND m.name NOT LIKE 'sqlite_%' ORDER BY 1";
    let rows = sql.exec(select, &[]).unwrap();
    rows.iter()
        .map(|row| row.text("text").unwrap().to_owned())
        .collect()
}

/// The rows of a table, as far as the columns go that an earlier version had.
fn rows(sql: &dyn Sql, table: &str, columns: &str) -> String {
    let rows: Vec<Row> = sql
        .exec(&format!("SELECT {columns} FROM {table}"), &[])
        .unwrap();
    format!("{rows:?}")
}

/// Where the rows of a table are from now on. Code from before scopes must not find a narrow token.
fn moved(table: &str) -> &str {
    match table {
        "token" => "access_token",
        // What was owed is owed, and an organization enters the operator's list besides.
        "outbox" => "outbox WHERE lane IS NULL OR lane NOT LIKE 'organizations/%'",
        table => table,
    }
}

/// Table and columns of what is inserted.
fn inserted(statement: &str) -> Option<(&str, &str)> {
    let rest = statement.strip_prefix("INSERT INTO ")?;
    let (table, rest) = rest.split_once(" (")?;
    Some((table, rest.split_once(") VALUES")?.0))
}

#[test]
fn there_is_a_fixture_of_every_earlier_version() {
    for class in [
        Class::Address,
        Class::Mailbox,
        Class::Organization,
        Class::User,
    ] {
        let kept: Vec<i64> = FIXTURES
            .iter()
            .filter(|f| f.class == class)
            .map(|f| f.own)
            .collect();
        // Where nothing but what every object has was added, the newest of its own is an earlier one.
        let earlier: Vec<i64> = (1..newest(class).max(2)).collect();
        assert_eq!(kept, earlier, "{class:?}");
    }
}

#[test]
fn every_earlier_version_becomes_what_a_new_object_is_and_keeps_its_rows() {
    for fixture in FIXTURES {
        let place = format!("{:?} {}", fixture.class, fixture.own);
        let sql = fixture.open("name");
        let sql: &dyn Sql = &*sql;
        let before = Version {
            base: fixture.base,
            own: fixture.own,
        };
        assert_eq!(version(sql).unwrap(), Some(before), "{place}");
        let statements = fixture.statements("name");
        let stored: Vec<(&str, &str)> = statements
            .iter()
            .filter_map(|statement| inserted(statement))
            .filter(|(table, _)| !["schema_version", "base_version"].contains(table))
            .collect();
        let kept: Vec<String> = stored
            .iter()
            .map(|(table, columns)| rows(sql, table, columns))
            .collect();
        fixture.migrate(sql);
        let after: Vec<String> = stored
            .iter()
            .map(|(table, columns)| rows(sql, moved(table), columns))
            .collect();
        assert_eq!(after, kept, "{place}");
        assert_eq!(shape(sql), shape(&*fixture.fresh()), "{place}");
        let now = version(sql).unwrap().unwrap();
        assert_eq!(
            (now.own, now.base),
            (newest(fixture.class), i64::try_from(BASE.len()).unwrap())
        );
    }
}

#[test]
fn what_older_code_writes_the_newest_tables_take() {
    for fixture in FIXTURES {
        let sql = fixture.fresh();
        for statement in fixture.statements("name") {
            let is_own = inserted(&statement).is_some_and(|(table, _)| table != "schema_version");
            if is_own {
                let written = Sql::exec(&*sql, &statement, &[]);
                assert!(
                    written.is_ok(),
                    "{:?} {}: {statement}: {written:?}",
                    fixture.class,
                    fixture.own
                );
            }
        }
    }
}

#[test]
fn an_organization_of_every_version_answers_and_changes() {
    for fixture in FIXTURES.iter().filter(|f| f.class == Class::Organization) {
        let world = World::with_vars(&[("LOCKSTEP_POLICY", "lockstep")]);
        let keys = &world.edge.config.keys.id;
        let name = OrganizationId::mint(keys, [7; 16]).as_str().to_owned();
        world
            .objects
            .restore(fixture.class, &name, fixture.open(&name));
        let actor = organization::Actor {
            principal: "usr_ada".to_owned(),
            token: None,
            issuer: None,
            is_remembered: false,
        };
        let change = lockstep_wire::OrganizationChangeRequest {
            name: Some("New".to_owned()),
            ..lockstep_wire::OrganizationChangeRequest::default()
        };
        let fresh = serde_json::to_value(&actor).and_then(serde_json::from_value);
        let rename = organization::Command::Update {
            actor: fresh.unwrap(),
            change,
            reserved_until_ms: None,
        };
        let written: organization::Written<lockstep_wire::OrganizationView> =
            world.ask::<OrganizationObject, _>(&name, &rename).unwrap();
        assert_eq!(written.value.name, "New");
        let dan = UserId::mint(keys, [8; 16]);
        let dan = serde_json::json!({ "user": dan.as_str(), "address": "dan@example.com" });
        let invite = organization::Command::AcceptInvitation {
            invitation: "inv_1".to_owned(),
            person: serde_json::from_value(dan).unwrap(),
        };
        let accepted: organization::Written<lockstep_wire::AcceptedView> =
            world.ask::<OrganizationObject, _>(&name, &invite).unwrap();
        assert_eq!(accepted.epoch, written.epoch + 1);
        let read = organization::Command::ReadAudit {
            actor,
            filter: crate::audit::Filter::default(),
            part: organization::AuditPart::After(0),
            limit: 10,
        };
        let log: organization::AuditPage =
            world.ask::<OrganizationObject, _>(&name, &read).unwrap();
        let actions: Vec<&str> = log.rows.iter().map(|row| row.action.as_str()).collect();
        assert_eq!(
            actions,
            ["update", "accept-invitation"],
            "version {}",
            fixture.own
        );
        world.settle();
        let listed = format!("organizations/{name}");
        let puts = world.kv.puts.borrow();
        assert!(puts.iter().any(|(key, _)| *key == listed), "{name}");
    }
}
