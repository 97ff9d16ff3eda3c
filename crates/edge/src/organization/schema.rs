//! The schema of an organization's database, one constant per version; none is ever changed.

/// Members, what they were granted, and invitations.
pub(super) const FIRST: &str = "
    CREATE TABLE organization (
        one INTEGER PRIMARY KEY CHECK (one = 1),
        id TEXT NOT NULL,
        name TEXT NOT NULL,
        creator TEXT NOT NULL,
        created_at_ms INTEGER NOT NULL,
        deleted_at_ms INTEGER,
        epoch INTEGER NOT NULL
    ) STRICT;
    CREATE TABLE node (
        id TEXT PRIMARY KEY,
        level TEXT NOT NULL,
        parent TEXT NOT NULL,
        owner TEXT,
        position INTEGER NOT NULL UNIQUE
    ) STRICT;
    CREATE TABLE member (
        user TEXT PRIMARY KEY,
        address TEXT,
        joined_at_ms INTEGER NOT NULL,
        left_at_ms INTEGER,
        epoch INTEGER NOT NULL
    ) STRICT;
    CREATE TABLE granted (
        user TEXT NOT NULL,
        node TEXT NOT NULL,
        role TEXT NOT NULL,
        not_before_ms INTEGER,
        expires_at_ms INTEGER,
        PRIMARY KEY (user, node, role)
    ) STRICT;
    CREATE TABLE invitation (
        id TEXT PRIMARY KEY,
        hash TEXT NOT NULL UNIQUE,
        address TEXT NOT NULL,
        role TEXT NOT NULL,
        state TEXT NOT NULL,
        invited_by TEXT NOT NULL,
        created_at_ms INTEGER NOT NULL,
        expires_at_ms INTEGER NOT NULL,
        acted_at_ms INTEGER
    ) STRICT;
    CREATE INDEX invitation_pending ON invitation (address) WHERE state = 'pending';
";

/// Names of nodes, suspension, and what every principal's answers depend on.
pub(super) const STRUCTURE: &str = "
    ALTER TABLE organization ADD COLUMN nodes_epoch INTEGER NOT NULL DEFAULT 0;
    ALTER TABLE member ADD COLUMN suspended_at_ms INTEGER;
    ALTER TABLE node ADD COLUMN name TEXT NOT NULL DEFAULT '';
    ALTER TABLE node ADD COLUMN created_at_ms INTEGER NOT NULL DEFAULT 0;
    ALTER TABLE node ADD COLUMN archived_at_ms INTEGER;
    CREATE INDEX node_parent ON node (parent);
    CREATE INDEX granted_node ON granted (node);
    CREATE TABLE published (
        principal TEXT PRIMARY KEY,
        epoch INTEGER NOT NULL
    ) STRICT;
";

/// Service accounts, their keys, and how long tokens may live.
pub(super) const SERVICE_ACCOUNTS: &str = "
    ALTER TABLE organization ADD COLUMN token_lifetime_max_s INTEGER;
    CREATE TABLE service_account (
        id TEXT PRIMARY KEY,
        name TEXT NOT NULL,
        created_at_ms INTEGER NOT NULL,
        deleted_at_ms INTEGER,
        epoch INTEGER NOT NULL
    ) STRICT;
    CREATE TABLE service_key (
        id TEXT PRIMARY KEY,
        account TEXT NOT NULL,
        hash TEXT NOT NULL UNIQUE,
        previous_hash TEXT UNIQUE,
        previous_until_ms INTEGER,
        name TEXT NOT NULL,
        scopes TEXT,
        node TEXT,
        created_at_ms INTEGER NOT NULL,
        seen_at_ms INTEGER,
        expires_at_ms INTEGER,
        deactivated_at_ms INTEGER,
        shown_to TEXT NOT NULL,
        stops_at_ms INTEGER
    ) STRICT;
    CREATE INDEX service_key_account ON service_key (account);
    CREATE INDEX service_key_shown_to ON service_key (shown_to);
";

/// Roles that the organization made.
pub(super) const ROLES: &str = "
    ALTER TABLE organization ADD COLUMN roles_epoch INTEGER NOT NULL DEFAULT 0;
    CREATE TABLE custom_role (
        id TEXT PRIMARY KEY,
        definition TEXT NOT NULL,
        created_at_ms INTEGER NOT NULL
    ) STRICT;
";

/// When workspaces, projects, groups and roles were changed last, and the orders in which members are listed.
pub(super) const TAGS: &str = "
    ALTER TABLE node ADD COLUMN epoch INTEGER NOT NULL DEFAULT 0;
    ALTER TABLE access_group ADD COLUMN epoch INTEGER NOT NULL DEFAULT 0;
    ALTER TABLE custom_role ADD COLUMN epoch INTEGER NOT NULL DEFAULT 0;
    CREATE INDEX member_joined ON member (joined_at_ms);
    CREATE INDEX member_address ON member (address);
";

/// Which plan the operator gave.
pub(super) const PLANS: &str = "
    ALTER TABLE organization ADD COLUMN plan TEXT;
";

/// The slug, and all that it ever had.
pub(super) const SLUGS: &str = "
    ALTER TABLE organization ADD COLUMN slug TEXT;
    CREATE TABLE slug (
        slug TEXT PRIMARY KEY,
        skeleton TEXT NOT NULL,
        taken_at_ms INTEGER NOT NULL
    ) STRICT;
    CREATE INDEX slug_skeleton ON slug (skeleton);
";

/// Webhooks, what happened, and what was told to whom of it.
pub(super) const WEBHOOKS: &str = "
    CREATE TABLE webhook (
        id TEXT PRIMARY KEY,
        name TEXT NOT NULL,
        url TEXT NOT NULL,
        events TEXT,
        nonce TEXT NOT NULL,
        previous_nonce TEXT,
        previous_until_ms INTEGER,
        created_by TEXT NOT NULL,
        created_at_ms INTEGER NOT NULL,
        disabled_at_ms INTEGER,
        disabled_because TEXT,
        failing_since_ms INTEGER,
        epoch INTEGER NOT NULL
    ) STRICT;
    CREATE TABLE webhook_event (
        id TEXT PRIMARY KEY,
        type TEXT NOT NULL,
        body TEXT NOT NULL,
        at_ms INTEGER NOT NULL
    ) STRICT;
    CREATE INDEX webhook_event_at ON webhook_event (at_ms);
    CREATE TABLE webhook_delivery (
        seq INTEGER PRIMARY KEY AUTOINCREMENT,
        webhook TEXT NOT NULL,
        event TEXT NOT NULL,
        state TEXT NOT NULL,
        attempts INTEGER NOT NULL DEFAULT 0,
        next_at_ms INTEGER,
        tried_at_ms INTEGER,
        status INTEGER,
        reason TEXT,
        UNIQUE (webhook, event)
    ) STRICT;
    CREATE INDEX webhook_delivery_event ON webhook_delivery (event);
    CREATE INDEX webhook_delivery_next ON webhook_delivery (next_at_ms) WHERE next_at_ms IS NOT NULL;
";

/// Access groups.
pub(super) const GROUPS: &str = "
    CREATE TABLE access_group (
        id TEXT PRIMARY KEY,
        home TEXT NOT NULL,
        name TEXT NOT NULL,
        created_at_ms INTEGER NOT NULL
    ) STRICT;
    CREATE TABLE group_member (
        access_group TEXT NOT NULL,
        user TEXT NOT NULL,
        PRIMARY KEY (access_group, user)
    ) STRICT;
    CREATE INDEX group_member_user ON group_member (user);
    CREATE TABLE group_granted (
        access_group TEXT NOT NULL,
        node TEXT NOT NULL,
        role TEXT NOT NULL,
        not_before_ms INTEGER,
        expires_at_ms INTEGER,
        PRIMARY KEY (access_group, node)
    ) STRICT;
    CREATE INDEX group_granted_node ON group_granted (node);
";

/// Settings of the organization and of its workspaces. A row is called `id` in its `node`.
pub(super) const SETTINGS: &str = "
    ALTER TABLE organization ADD COLUMN settings_epoch INTEGER NOT NULL DEFAULT 0;
    CREATE TABLE setting (
        node TEXT NOT NULL,
        id TEXT NOT NULL,
        kind TEXT NOT NULL,
        value TEXT NOT NULL,
        sealed TEXT,
        sealed_by TEXT,
        set_at_ms INTEGER,
        is_current INTEGER NOT NULL DEFAULT 0,
        changed_by TEXT NOT NULL,
        changed_at_ms INTEGER NOT NULL,
        epoch INTEGER NOT NULL,
        PRIMARY KEY (node, id)
    ) STRICT;
    CREATE UNIQUE INDEX setting_current ON setting (node) WHERE is_current = 1;
    CREATE INDEX setting_sealed_by ON setting (sealed_by) WHERE sealed_by IS NOT NULL;
";

/// The organization's own issuers, and whom they vouch for.
pub(super) const ISSUERS: &str = "
    ALTER TABLE organization ADD COLUMN issuers_epoch INTEGER NOT NULL DEFAULT 0;
    ALTER TABLE member ADD COLUMN issuer TEXT;
    ALTER TABLE member ADD COLUMN subject TEXT;
    CREATE INDEX member_issuer ON member (issuer, subject) WHERE issuer IS NOT NULL;
    CREATE TABLE issuer (
        id TEXT PRIMARY KEY,
        issuer TEXT NOT NULL UNIQUE,
        record TEXT NOT NULL,
        role TEXT,
        created_by TEXT NOT NULL,
        created_at_ms INTEGER NOT NULL,
        saved_by TEXT NOT NULL,
        disabled_at_ms INTEGER,
        epoch INTEGER NOT NULL
    ) STRICT;
";

/// What comes with an invitation beside its role, and how many mails were sent.
pub(super) const INVITATIONS: &str = "
    ALTER TABLE invitation ADD COLUMN message TEXT;
    ALTER TABLE invitation ADD COLUMN sent_at_ms INTEGER NOT NULL DEFAULT 0;
    CREATE TABLE invitation_grant (
        invitation TEXT NOT NULL,
        node TEXT NOT NULL,
        role TEXT NOT NULL,
        PRIMARY KEY (invitation, node)
    ) STRICT;
    CREATE INDEX invitation_grant_node ON invitation_grant (node);
    CREATE TABLE invitation_mail (
        at_ms INTEGER NOT NULL,
        address TEXT NOT NULL,
        inviter TEXT NOT NULL,
        client TEXT
    ) STRICT;
    CREATE INDEX invitation_mail_at_ms ON invitation_mail (at_ms);
";

/// Links by which several people come in.
pub(super) const LINKS: &str = "
    CREATE TABLE invitation_link (
        id TEXT PRIMARY KEY,
        hash TEXT NOT NULL UNIQUE,
        role TEXT NOT NULL,
        made_by TEXT NOT NULL,
        uses INTEGER NOT NULL DEFAULT 0,
        uses_max INTEGER NOT NULL,
        created_at_ms INTEGER NOT NULL,
        expires_at_ms INTEGER NOT NULL,
        revoked_at_ms INTEGER
    ) STRICT;
    CREATE INDEX invitation_link_made_by ON invitation_link (made_by);
";

/// Who holds a role, who has left, and which invitations are open, found without looking at everybody.
pub(super) const INDEXES: &str = "
    CREATE INDEX granted_role ON granted (role, node);
    CREATE INDEX group_granted_role ON group_granted (role);
    CREATE INDEX member_left ON member (left_at_ms) WHERE left_at_ms IS NOT NULL;
    CREATE INDEX invitation_state ON invitation (state);
";

/// Domains by which people come in.
pub(super) const DOMAINS: &str = "
    CREATE TABLE domain (
        id TEXT PRIMARY KEY,
        domain TEXT NOT NULL UNIQUE,
        challenge TEXT NOT NULL,
        role TEXT NOT NULL,
        automatic INTEGER NOT NULL DEFAULT 0,
        claimed_at_ms INTEGER NOT NULL,
        saved_by TEXT NOT NULL,
        proven_at_ms INTEGER,
        proven_until_ms INTEGER,
        epoch INTEGER NOT NULL
    ) STRICT;
";

/// What comes with an imported invitation beside roles on nodes: access groups, and projects to own.
pub(super) const BROUGHT: &str = "
    CREATE TABLE invitation_group (
        invitation TEXT NOT NULL,
        access_group TEXT NOT NULL,
        PRIMARY KEY (invitation, access_group)
    ) STRICT;
    CREATE INDEX invitation_group_group ON invitation_group (access_group);
    CREATE TABLE invitation_project (
        invitation TEXT NOT NULL,
        node TEXT NOT NULL,
        PRIMARY KEY (invitation, node)
    ) STRICT;
    CREATE INDEX invitation_project_node ON invitation_project (node);
";

/// Whether inviting is left to who manages the members of a workspace.
pub(super) const WORKSPACE_ADMINS: &str = "
    ALTER TABLE organization ADD COLUMN workspace_admins_invite INTEGER NOT NULL DEFAULT 0;
";

/// Who has seen the secrets that a program was shown, and organizations whose creator has left.
pub(super) const SEEN: &str = "
    ALTER TABLE service_key ADD COLUMN seen_by TEXT;
    UPDATE service_key SET seen_by = shown_to;
    CREATE INDEX service_key_seen_by ON service_key (seen_by);
    ALTER TABLE invitation_link ADD COLUMN seen_by TEXT;
    UPDATE organization SET creator = '' WHERE creator IN (SELECT user FROM member WHERE left_at_ms IS NOT NULL);
";

/// Who saw the secret by which a program gave its word, and by which addresses members were known.
pub(super) const PEOPLE: &str = "
    ALTER TABLE domain ADD COLUMN seen_by TEXT;
    ALTER TABLE invitation ADD COLUMN seen_by TEXT;
    ALTER TABLE issuer ADD COLUMN seen_by TEXT;
    ALTER TABLE member ADD COLUMN address_at_ms INTEGER NOT NULL DEFAULT 0;
    CREATE TABLE former_address (
        user TEXT NOT NULL,
        address TEXT NOT NULL,
        PRIMARY KEY (user, address)
    ) STRICT;
    CREATE INDEX former_address_address ON former_address (address);
";

/// From when on the tokens count of who came back, which claim an issuer names a member by, and under which policy KV was sent what.
pub(super) const RETURNS: &str = "
    ALTER TABLE member ADD COLUMN tokens_from_ms INTEGER;
    ALTER TABLE member ADD COLUMN subject_claim TEXT;
    UPDATE member SET subject_claim = (SELECT json_extract(record, '$.subject_claim') FROM issuer WHERE issuer.issuer = member.issuer)
        WHERE issuer IS NOT NULL;
    ALTER TABLE published ADD COLUMN sent TEXT;
    ALTER TABLE organization ADD COLUMN roles_sent TEXT;
";

/// What stands on the word of who has left, and of programs whose secret they saw, has nobody behind it when they come back; and such words, found without looking at every invitation.
pub(super) const WORDS: &str = "
    UPDATE domain SET seen_by = '' WHERE saved_by IN (SELECT user FROM member WHERE left_at_ms IS NOT NULL)
        OR seen_by IN (SELECT user FROM member WHERE left_at_ms IS NOT NULL);
    UPDATE issuer SET seen_by = '' WHERE saved_by IN (SELECT user FROM member WHERE left_at_ms IS NOT NULL)
        OR seen_by IN (SELECT user FROM member WHERE left_at_ms IS NOT NULL);
    UPDATE invitation SET seen_by = '' WHERE state = 'pending' AND (invited_by IN (SELECT user FROM member WHERE left_at_ms IS NOT NULL)
        OR seen_by IN (SELECT user FROM member WHERE left_at_ms IS NOT NULL));
    CREATE INDEX invitation_invited_by ON invitation (invited_by) WHERE state = 'pending';
    CREATE INDEX invitation_seen_by ON invitation (seen_by) WHERE state = 'pending';
";

/// What somebody owns, found without looking at every workspace and project: each member who leaves is asked about.
pub(super) const OWNERS: &str = "
    CREATE INDEX node_owner ON node (owner) WHERE owner IS NOT NULL;
";

/// The deployment's list of its organizations has those, too, that were there before it.
pub(super) const LISTED: &str = "
    INSERT INTO outbox (lane, payload, next_at_ms)
        SELECT 'organizations/' || id, json_object('kv_put', json_object('key', 'organizations/' || id,
            'value', 'organizations/' || id)), 0 FROM organization;
";
