//! Who holds what, by formula: the same world and the same questions in every run.

const WORKSPACES: usize = 10;
const PROJECTS_PER_WORKSPACE: usize = 20;
/// Projects that the first principal created.
const OWNED: usize = 5;
/// One principal of so many is an admin of the organization.
const ADMIN_EVERY: usize = 50;
const SEED: u32 = 20_260_101;

/// Workspace roles and how many hundredths of the permissions each holds.
pub const ROLES: [(&str, usize); 4] = [
    ("manage", 100),
    ("write", 75),
    ("annotate", 30),
    ("read", 20),
];

/// One organization with its principals.
#[derive(Clone, Debug)]
pub struct World {
    /// Ids of the principals.
    pub principals: Vec<String>,
    /// Ids of the permissions; a role holds the first so many.
    pub permissions: Vec<String>,
    /// Ids of the workspaces.
    pub workspaces: Vec<String>,
    /// The projects, by workspace.
    pub projects: Vec<Project>,
}

/// A project of a workspace. Its creator may do everything in it.
#[derive(Clone, Debug)]
pub struct Project {
    /// Its id.
    pub id: String,
    /// Number of its workspace.
    pub workspace: usize,
    /// Number of the principal who created it.
    pub owner: usize,
}

/// May this principal do this in this project? All by number.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Question {
    /// Number of the principal.
    pub principal: usize,
    /// Number of the permission.
    pub permission: usize,
    /// Number of the project.
    pub project: usize,
}

impl World {
    /// Id of the organization.
    pub const ORGANIZATION: &str = "org_bench";

    /// A world with so many principals and permissions.
    #[must_use]
    pub fn new(principals: usize, permissions: usize) -> Self {
        let projects = (0..WORKSPACES * PROJECTS_PER_WORKSPACE).map(|number| {
            let (workspace, place) = (
                number / PROJECTS_PER_WORKSPACE,
                number % PROJECTS_PER_WORKSPACE,
            );
            let first_owns = place == 7 && workspace < OWNED;
            Project {
                id: format!("prj_{workspace}_{place}"),
                workspace,
                owner: if first_owns {
                    0
                } else {
                    1 + number % principals.saturating_sub(1).max(1)
                },
            }
        });
        Self {
            projects: projects.collect(),
            principals: names("usr", principals),
            permissions: names("permission", permissions),
            workspaces: names("wsp", WORKSPACES),
        }
    }

    /// Whether a principal is an admin of the organization, and not only a member.
    #[must_use]
    pub const fn is_admin(&self, principal: usize) -> bool {
        principal % ADMIN_EVERY == ADMIN_EVERY - 1
    }

    /// Number in [`ROLES`] of the role that a principal holds in a workspace; in two of ten, none.
    #[must_use]
    pub const fn role(&self, principal: usize, workspace: usize) -> Option<usize> {
        let role = (principal + workspace) % (ROLES.len() + 1);
        if role < ROLES.len() { Some(role) } else { None }
    }

    /// How many of the permissions a role of this number holds.
    #[must_use]
    pub fn held(&self, role: usize) -> usize {
        ROLES
            .get(role)
            .map_or(0, |(_, share)| self.permissions.len() * share / 100)
    }

    /// The answer, straight from the rules: what every contender has to give.
    #[must_use]
    pub fn answer(&self, question: Question) -> bool {
        let Some(project) = self.projects.get(question.project) else {
            return false;
        };
        self.is_admin(question.principal)
            || project.owner == question.principal
            || self
                .role(question.principal, project.workspace)
                .is_some_and(|role| question.permission < self.held(role))
    }

    /// Random questions of the first so many principals, every second one allowed.
    #[must_use]
    pub fn questions(&self, count: usize, principals: usize) -> Vec<Question> {
        let mut random = Random(SEED);
        let mut draw = |wanted: bool| loop {
            let question = Question {
                principal: random.below(principals),
                permission: random.below(self.permissions.len()),
                project: random.below(self.projects.len()),
            };
            if self.answer(question) == wanted {
                return question;
            }
        };
        (0..count).map(|number| draw(number % 2 == 0)).collect()
    }
}

fn names(prefix: &str, count: usize) -> Vec<String> {
    (0..count).map(|n| format!("{prefix}_{n}")).collect()
}

/// Numbers below a limit, by xorshift: the same sequence for the same seed.
struct Random(u32);

impl Random {
    fn below(&mut self, limit: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 17;
        self.0 ^= self.0 << 5;
        usize::try_from(self.0).unwrap_or(0) % limit.max(1)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn half_of_the_questions_are_allowed_and_some_only_to_owners() {
        let world = World::new(100, 40);
        let asked = world.questions(10_000, 100);
        let allowed: Vec<_> = asked.iter().filter(|q| world.answer(**q)).collect();
        assert_eq!(allowed.len(), 5_000);
        let owned = allowed.iter().filter(|question| {
            let project = &world.projects[question.project];
            let role = world.role(question.principal, project.workspace);
            !world.is_admin(question.principal)
                && role.is_none_or(|role| question.permission >= world.held(role))
        });
        assert!(owned.count() > 10);
    }

    #[test]
    fn the_first_principal_owns_five_projects_and_works_in_eight_workspaces() {
        let world = World::new(100, 40);
        let owned = world.projects.iter().filter(|p| p.owner == 0).count();
        let roles = (0..WORKSPACES).filter(|w| world.role(0, *w).is_some());
        assert_eq!((owned, roles.count()), (5, 8));
    }
}
