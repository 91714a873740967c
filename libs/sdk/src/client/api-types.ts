/** Made from the OpenAPI document of the API: npm run api-client -- --write */

export interface paths {
    "/api/v1/api-keys": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Lists API keys in the order of their making; no secrets. */
        get: operations["ApiKeys.list"];
        put?: never;
        /** Makes an API key. The answer has its secret, this once; it takes no Idempotency-Key. */
        post: operations["ApiKeys.create"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/api-keys/{id}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        post?: never;
        /** Revokes an API key, and ends its sessions, at once and for good. It stays in the list. */
        delete: operations["ApiKeys.revoke"];
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/api-keys/{id}/rotate": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Gives an API key a new secret, shown this once. The one before can go on working for a while. */
        post: operations["ApiKeys.rotate"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/audit": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Lists what was changed and by whom, and what was asked for and refused; the newest first. */
        get: operations["Audit.list"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/connectors": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** The catalogue: every source and sink type with the JSON Schemas of its options. */
        get: operations["Connectors.list"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/events": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** The fleet as it changes, once a second (server-sent events). */
        get: operations["Overview.events"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/first-key": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Makes the first key, an admin's: only while there is none, and only for a caller on the API's machine. Shown this once. */
        post: operations["Access.firstKey"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/jobs": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Lists jobs in the order of their making. */
        get: operations["Jobs.list"];
        put?: never;
        /** Checks a pipeline, and its systems unless check=false, and has it run. */
        post: operations["Jobs.submit"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/jobs/{id}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Shows a job: what was asked for, what it is doing, why it failed. */
        get: operations["Jobs.get"];
        put?: never;
        post?: never;
        /** Deletes a job that is not active, with what it made for itself at its systems. */
        delete: operations["Jobs.delete"];
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/jobs/{id}/cancel": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Ends the job for good. */
        post: operations["Jobs.cancel"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/jobs/{id}/dead-letters": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Lists records that stages of the job set aside. */
        get: operations["DeadLetters.list"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/jobs/{id}/dead-letters/{letterId}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Shows a record that was set aside, and why. */
        get: operations["DeadLetters.get"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        /** Edits an open letter: the edited record is what is replayed. The original is kept. */
        patch: operations["DeadLetters.edit"];
        trace?: never;
    };
    "/api/v1/jobs/{id}/dead-letters/{letterId}/edit": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        post?: never;
        /** Undoes the edits of an open letter. */
        delete: operations["DeadLetters.undoEdit"];
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/jobs/{id}/dead-letters/cancel-replay": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Takes replays back that the job has not taken up. */
        post: operations["DeadLetters.cancelReplay"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/jobs/{id}/dead-letters/discard": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Gives open letters up for good. */
        post: operations["DeadLetters.discard"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/jobs/{id}/dead-letters/groups": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Counts them by stage, reason and table. */
        get: operations["DeadLetters.groups"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/jobs/{id}/dead-letters/replay": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Has open letters processed again by the stage that set them aside. */
        post: operations["DeadLetters.replay"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/jobs/{id}/events": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** A job as it changes: status, figures, snapshots, executions (server-sent events). */
        get: operations["JobLive.events"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/jobs/{id}/executions": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** The last executions of a job: who ran it, from when to when, and why each ended. */
        get: operations["JobLive.list"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/jobs/{id}/history": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** The last hour of a job, a point every ten seconds. */
        get: operations["JobLive.history"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/jobs/{id}/loads": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Lists the requests to load tables again, the newest first, and how far each is. */
        get: operations["TableLoads.list"];
        put?: never;
        /** Loads tables of a job again while it runs, without losing or doubling a change. */
        post: operations["TableLoads.request"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/jobs/{id}/metrics": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Live figures of a running job: rows, rates, back-pressure, lag, snapshots. */
        get: operations["Jobs.metrics"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/jobs/{id}/restart": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Ends the execution and starts another from the newest snapshot. */
        post: operations["Jobs.restart"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/jobs/{id}/resume": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Goes on from the newest snapshot, also after a failure. */
        post: operations["Jobs.resume"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/jobs/{id}/snapshots": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** The last snapshots of a job: how long their parts took, and how large they are. */
        get: operations["JobLive.snapshots"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/jobs/{id}/suspend": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Takes a snapshot and stops; the slot and the state are kept. */
        post: operations["Jobs.suspend"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/jobs/{id}/tables": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** The tables a job captures: which phase each is in, and how far its initial load is. */
        get: operations["JobLive.tables"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/jobs/{id}/tail": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Rows that cross edges of a running job, a sample of fifty a second at most (server-sent events). */
        get: operations["Tail.ofJob"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/jobs/plan": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Shows how a job would run: the DAG, what is fused and why not. Makes nothing. */
        post: operations["Jobs.plan"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/me": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Who calls, what he may do and until when; whether the API is open because it has no key yet. */
        get: operations["Access.me"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/members": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Lists the workers: what they run, how they are, and which went without a word. */
        get: operations["Members.list"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/members/{id}/drain": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Gives the jobs of a worker to others, each with a last snapshot; it takes none until that is undone. */
        post: operations["Members.drain"];
        /** Lets a worker take jobs again. */
        delete: operations["Members.undo"];
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/modules": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Lists modules, the newest first. */
        get: operations["Modules.list"];
        put?: never;
        /** Uploads the code of jobs written in TypeScript. The same code again is the same module. */
        post: operations["Modules.upload"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/modules/{id}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Shows a module by its hash. */
        get: operations["Modules.get"];
        put?: never;
        post?: never;
        /** Deletes a module that no job uses. */
        delete: operations["Modules.delete"];
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/modules/{id}/code": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** The code of a module. */
        get: operations["Modules.code"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/overview": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Is anything wrong, since when, what to do; all jobs in a line each; the last hour. */
        get: operations["Overview.overview"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/schedules": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Lists schedules in the order of their making, each with its next ticks and its last run. */
        get: operations["Schedules.list"];
        put?: never;
        /** Has a job submitted at the ticks of a pattern. The job of the next tick is checked, its systems too unless check=false. */
        post: operations["Schedules.create"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/schedules/{id}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Shows a schedule with its next ticks and its last run. */
        get: operations["Schedules.get"];
        put?: never;
        post?: never;
        /** Deletes a schedule. Its jobs stay; runs that wait do not. */
        delete: operations["Schedules.delete"];
        options?: never;
        head?: never;
        /** Changes a schedule. Jobs that were submitted stay as they are. */
        patch: operations["Schedules.patch"];
        trace?: never;
    };
    "/api/v1/schedules/{id}/resume": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Lets it tick again, from now on. */
        post: operations["Schedules.resume"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/schedules/{id}/run": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Runs it now, beside its ticks. A run that is not over is treated as overlap says; with skip it is an error. */
        post: operations["Schedules.run"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/schedules/{id}/runs": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Lists what became of the ticks of a schedule, the newest first, with the counts of their jobs. */
        get: operations["Schedules.runs"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/schedules/{id}/suspend": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Stops its ticks. A run that has begun goes on. */
        post: operations["Schedules.suspend"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/session": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Begins a session of a browser with a key: sets a cookie that scripts cannot read and other sites cannot use. */
        post: operations["Access.beginSession"];
        /** Ends the session of the cookie that is sent; without one there is nothing to do. */
        delete: operations["Access.endSession"];
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/sinks": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Lists sinks in the order of their making. */
        get: operations["Sinks.list"];
        put?: never;
        /** Registers a sink. Its system is not called. */
        post: operations["Sinks.create"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/sinks/{id}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Shows a sink; secrets are masked. */
        get: operations["Sinks.get"];
        put?: never;
        post?: never;
        /** Deletes a sink that no job uses. */
        delete: operations["Sinks.delete"];
        options?: never;
        head?: never;
        /** Changes a sink. Jobs see it at their next start. */
        patch: operations["Sinks.update"];
        trace?: never;
    };
    "/api/v1/sinks/{id}/check": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Asks the system of a sink what it lacks, with the SQL that repairs it. Changes nothing. */
        post: operations["Sinks.check"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/sinks/probe": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Asks a sink that is not registered what it lacks. Keeps nothing. */
        post: operations["Sinks.probe"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/sources": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Lists sources in the order of their making. */
        get: operations["Sources.list"];
        put?: never;
        /** Registers a source. Its system is not called. */
        post: operations["Sources.create"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/sources/{id}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Shows a source; secrets are masked. */
        get: operations["Sources.get"];
        put?: never;
        post?: never;
        /** Deletes a source that no job uses. */
        delete: operations["Sources.delete"];
        options?: never;
        head?: never;
        /** Changes a source. Jobs see it at their next start. */
        patch: operations["Sources.update"];
        trace?: never;
    };
    "/api/v1/sources/{id}/check": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Asks the system of a source what it lacks, with the SQL that repairs it. Changes nothing. */
        post: operations["Sources.check"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/sources/{id}/columns": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Tells the columns of tables, as their changes have them; types of a service are made of that. */
        get: operations["Sources.columns"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/sources/{id}/slots": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Lists what keeps log at the system of a source: the slots of jobs, and orphans. */
        get: operations["Sources.slots"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/sources/{id}/slots/{slot}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        post?: never;
        /** Drops the slot of a job that is gone. Whoever reads it cannot go on. */
        delete: operations["Sources.dropSlot"];
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/sources/{id}/tables": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Lists the tables of a source: size, key, and what stands against capturing them. */
        get: operations["Sources.tables"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/sources/{id}/tail": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Change events of a source, as one of the jobs that use it gets them (server-sent events). */
        get: operations["Tail.ofSource"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/sources/probe": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Asks a source that is not registered what it lacks, and which tables it has. Keeps nothing. */
        post: operations["Sources.probe"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/subscriptions": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Lists subscriptions in the order of their making. */
        get: operations["Subscriptions.list"];
        put?: never;
        /** Has the changes of tables brought to the handlers of a consumer: makes a job of that name. */
        post: operations["Subscriptions.create"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/subscriptions/{id}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Shows a subscription, how many changes wait and how many instances share the work. */
        get: operations["Subscriptions.get"];
        put?: never;
        post?: never;
        /** Ends the job of a subscription and deletes it with everything that waits. */
        delete: operations["Subscriptions.delete"];
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/subscriptions/{id}/events": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Hands changes on to an instance of a service, as server-sent events, until it ends. */
        get: operations["Delivery.events"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/subscriptions/{id}/refusals": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Keeps a change that a handler gives up as a dead letter of the job. It is acknowledged as any other after that. */
        post: operations["Delivery.refuse"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/subscriptions/{id}/report": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Acknowledges changes, gives partitions back, and says that the instance lives: at least every 5 seconds. */
        post: operations["Delivery.report"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/healthz": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** The process answers. */
        get: operations["Health.live"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/metrics": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Figures of jobs and workers in the text format of Prometheus. */
        get: operations["Metrics.metrics"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/readyz": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** The metadata database and Redis answer as well. */
        get: operations["Health.ready"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
}
export type webhooks = Record<string, never>;
export interface components {
    schemas: {
        /**
         * @description viewer reads; operator also commands jobs, replays and discards letters, runs checks and loads; editor also makes, changes and deletes definitions and jobs; admin also keys and the audit log.
         * @enum {string}
         */
        AccessRole: "viewer" | "operator" | "editor" | "admin";
        /** @description An API key, without its secret. */
        ApiKey: {
            /** Format: date-time */
            createdAt: string;
            createdBy: string;
            /** @description null: never. */
            expiresAt: string | null;
            id: string;
            /** @description To the minute. */
            lastUsedAt: string | null;
            name: string;
            oldKeyWorksUntil: string | null;
            /** @description How the key begins; what follows is secret. */
            prefix: string;
            revokedAt: string | null;
            role: components["schemas"]["AccessRole"];
            /** @description When its secret was replaced last. */
            rotatedAt: string | null;
            /** @enum {string} */
            state: "active" | "expired" | "revoked";
        };
        /** @description API keys in the order of their making, revoked ones too. */
        ApiKeyPage: {
            items: components["schemas"]["ApiKey"][];
            nextCursor: string | null;
        };
        /** @description Who did it. */
        AuditActor: {
            keyId: string | null;
            /**
             * @description key and session: somebody with an API key; open: while there was no key; local: with the credentials of the metadata database (millrace init); system: the platform by itself; unknown: before there were keys.
             * @enum {string}
             */
            kind: "key" | "session" | "open" | "local" | "system" | "unknown";
            name: string | null;
            role: ("viewer" | "operator" | "editor" | "admin") | null;
        };
        /** @description Something that was done, or asked for and refused. */
        AuditEntry: {
            action: string;
            actor: components["schemas"]["AuditActor"];
            /** @description Remote address. */
            address: string | null;
            /** @description What was changed, as it is now; secrets masked. */
            after: unknown;
            /** Format: date-time */
            at: string;
            /** @description What was changed, as it was; secrets masked. null where there is none. */
            before: unknown;
            /** @description Of the error, when it was refused or failed. */
            code: string | null;
            details: {
                [key: string]: unknown;
            };
            id: number;
            /**
             * @description unknown: it is under way, or the API died before it could say.
             * @enum {string}
             */
            outcome: "done" | "refused" | "failed" | "unknown";
            /** @description Verb and route. */
            request: string | null;
            /** @description As in the header x-request-id and in the log. */
            requestId: string | null;
            target: string;
            /** @description Name of what was created, changed or deleted; null for commands, whose target is an id. */
            targetName: string | null;
        };
        /** @description Entries of the audit log, the newest first. */
        AuditPage: {
            items: components["schemas"]["AuditEntry"][];
            nextCursor: string | null;
        };
        /** @description Replays to take back that the job has not taken up. */
        CancelReplay: {
            /**
             * @description Only tell what would happen.
             * @default false
             */
            dryRun: boolean;
            /** @description All that are like this; {} means all. */
            filter?: {
                /** @description Values by column, as PostgreSQL's texts; null is NULL. */
                key?: {
                    [key: string]: string | null;
                };
                /** @description Error code. */
                reason?: string;
                stage?: string;
                /** @description Table of the source: public.orders */
                table?: string;
            };
            ids?: string[];
        };
        /** @description Result of a preflight. */
        Check: {
            findings: components["schemas"]["Finding"][];
            /** @description No finding is an error. */
            ok: boolean;
        };
        /** @description A type of external system. */
        Connector: {
            /** @description What it can do: of a sink holds, createsTarget, parallel; of a source initialLoad, follows, changes, parallel, reload (absent: no), lookup. */
            capabilities: {
                [key: string]: string | boolean;
            };
            /** @description JSON Schema of a registered source or sink. x-millrace-secret marks secrets. */
            config: {
                [key: string]: unknown;
            };
            /** @description What holds in each mode. */
            guarantees: {
                how: string;
                /**
                 * @description The most that a job may ask for and get; at-most-once: a crash may lose rows.
                 * @enum {string}
                 */
                level: "exactly-once" | "at-least-once" | "at-most-once";
                /** @description Options of the stage it is about; empty: all. */
                mode: {
                    [key: string]: string | number | boolean;
                };
                /** @description What the other system or the operator has to see to. */
                needs: string[];
                /**
                 * @description Of a sink: when readers see rows.
                 * @enum {string}
                 */
                visible?: "at-once" | "at-snapshot";
            }[];
            /** @enum {string} */
            role: "source" | "sink";
            /** @description JSON Schema of the options of a stage that uses it. */
            stage: {
                [key: string]: unknown;
            };
            summary: string;
            type: string;
        };
        /** @description Every connector there is. */
        ConnectorList: {
            items: components["schemas"]["Connector"][];
        };
        /** @description A key to make. */
        CreateApiKey: {
            /**
             * @description From now: a duration such as `90d`, or `never`.
             * @default 90d
             * @example 90d
             */
            expiresIn: "never" | string;
            /** @description Whose it is or what for; unique among keys that are not revoked. */
            name: string;
            role: components["schemas"]["AccessRole"];
        };
        CreatedSubscription: {
            backlog: number;
            /** Format: date-time */
            createdAt: string;
            /** @description Records that stages set aside and nobody has resolved; each counted up to 10,000. */
            deadLetters: {
                open: number;
                replaying: number;
            };
            /**
             * @description What was asked for last; the workers make it so.
             * @enum {string}
             */
            desired: "running" | "suspended" | "cancelled";
            error: components["schemas"]["JobError"] | null;
            /** @description An SQL expression: after.status = 'paid'. */
            filter?: string;
            /** @description ULID, of its job too. */
            id: string;
            /** @enum {string} */
            initialLoad: "none" | "full";
            /** @description Also the name of its job, and of the consumer whose handlers get the changes. */
            name: string;
            operations: ("read" | "insert" | "update" | "delete" | "truncate")[];
            partitions: number;
            /** @description Unique per kind. Letters, digits, "-" and "_", starting with a letter. */
            source: string;
            /** @enum {string} */
            status: "NOT_RUNNING" | "STARTING" | "RUNNING" | "SUSPENDED" | "SUSPENDED_EXPORTING_SNAPSHOT" | "COMPLETING" | "COMPLETED" | "FAILED";
            /** @description Tables with their schema: public.orders. */
            tables: string[];
            /** @description What the systems said that does not stop the job. */
            warnings: components["schemas"]["Finding"][];
        };
        /**
         * @description The first key, an admin's.
         * @default {
         *       "name": "admin",
         *       "expiresIn": "90d"
         *     }
         */
        CreateFirstKey: {
            /**
             * @description From now: a duration such as `90d`, or `never`.
             * @default 90d
             * @example 90d
             */
            expiresIn: "never" | string;
            /**
             * @description Whose it is or what for; unique among keys that are not revoked.
             * @default admin
             */
            name: string;
        };
        /** @description A job that is submitted at the ticks of a pattern. */
        CreateSchedule: {
            /**
             * @description Five fields: minute, hour, day of month, month, day of week.
             * @example 0 2 * * *
             */
            cron: string;
            /**
             * @description How late a tick may be run: 1h.
             * @default 1h
             */
            deadline: string;
            /**
             * @description Runs that are over and kept; older ones are deleted with their jobs. What they have written stays.
             * @default 10
             */
            keep: number;
            /**
             * @description Ticks that nobody was there for. latest: the last one is run, if it is not later than deadline. none: only what is at most a minute late.
             * @default latest
             * @enum {string}
             */
            missed: "latest" | "none";
            /** @description Unique. Letters, digits, "-" and "_", starting with a letter, at most 40; its jobs are called by it and the time of their tick. */
            name: string;
            /**
             * @description A tick while a run is not over. skip: it is not run. queue: it waits, up to ten. cancel-previous: that run is cancelled, and this one begins when it has ended.
             * @default skip
             * @enum {string}
             */
            overlap: "skip" | "queue" | "cancel-previous";
            /**
             * @description No ticks meanwhile, and none are made up for.
             * @default false
             */
            suspended: boolean;
            /** @description The job: a document as POST /jobs takes it, without its name. {{tick}}, {{tick.previous}}, {{tick.date}}, {{tick.month}} stand for the time of a run in parameters, paths and the like. */
            template: {
                [key: string]: unknown;
            };
            /**
             * @description Name of the IANA database, such as Europe/Berlin.
             * @default UTC
             */
            timeZone: string;
        };
        /** @description What a session is begun with. */
        CreateSession: {
            /** @description An API key. */
            key: string;
        };
        CreateSubscription: {
            /**
             * @description Changes that wait at most; with more the source keeps its log.
             * @default 100000
             */
            backlog: number;
            /** @description An SQL expression: after.status = 'paid'. */
            filter?: string;
            /**
             * @description full: handlers get the rows that are there first, as reads.
             * @default none
             * @enum {string}
             */
            initialLoad: "none" | "full";
            /** @description Also the name of its job, and of the consumer whose handlers get the changes. */
            name: string;
            /**
             * @description read: rows of the initial load. An update that changes the key comes as delete and insert.
             * @default [
             *       "read",
             *       "insert",
             *       "update",
             *       "delete"
             *     ]
             */
            operations: ("read" | "insert" | "update" | "delete" | "truncate")[];
            /**
             * @description The most instances of a service that can share the work.
             * @default 32
             */
            partitions: number;
            /** @description Unique per kind. Letters, digits, "-" and "_", starting with a letter. */
            source: string;
            /** @description Tables with their schema: public.orders. */
            tables: string[];
        };
        /** @description A record that a stage set aside, without the record itself. */
        DeadLetter: {
            attempts: number;
            committedAt: string | null;
            /** Format: date-time */
            firstAt: string;
            /** @description Stage and number: copy.17 */
            id: string;
            isEdited: boolean;
            /** @description Not tried itself: an earlier record of its key is set aside. */
            isParked: boolean;
            /** @description Values by column, as PostgreSQL's texts; null is NULL. */
            key: {
                [key: string]: string | null;
            };
            /** Format: date-time */
            lastAt: string;
            mend: string | null;
            message: string;
            /** @description Grows per stage in the order in which records were set aside. */
            number: number;
            /** @description Where the source had it; null for rows of the initial load. */
            position: {
                commitLsn: string;
                index: number;
            } | null;
            /** @description Stable error code. */
            reason: string;
            /** @description Letters a second at most. */
            replayRate: number | null;
            resolvedAt: string | null;
            stage: string;
            /** @enum {string} */
            state: "open" | "replaying" | "replayed" | "discarded";
            table: string;
        };
        /** @description A record that a stage set aside. */
        DeadLetterDetail: {
            attempts: number;
            committedAt: string | null;
            /** @description What is replayed instead. */
            edited: components["schemas"]["DeadLetterEvent"] | null;
            /** @description The record as it was set aside. */
            event: components["schemas"]["DeadLetterEvent"];
            /** Format: date-time */
            firstAt: string;
            /** @description Unresolved earlier letters of its key, ten at most; of a parked one. */
            heldBy: string[];
            /** @description Stage and number: copy.17 */
            id: string;
            isEdited: boolean;
            /** @description Not tried itself: an earlier record of its key is set aside. */
            isParked: boolean;
            /** @description Values by column, as PostgreSQL's texts; null is NULL. */
            key: {
                [key: string]: string | null;
            };
            /** Format: date-time */
            lastAt: string;
            mend: string | null;
            message: string;
            /** @description Grows per stage in the order in which records were set aside. */
            number: number;
            /** @description Where the source had it; null for rows of the initial load. */
            position: {
                commitLsn: string;
                index: number;
            } | null;
            /** @description Stable error code. */
            reason: string;
            /** @description Letters a second at most. */
            replayRate: number | null;
            resolvedAt: string | null;
            stage: string;
            /** @enum {string} */
            state: "open" | "replaying" | "replayed" | "discarded";
            table: string;
        };
        /** @description What to change of the record. The original is kept. */
        DeadLetterEdit: {
            /** @description Columns to change; the others stay as they are. */
            after?: {
                [key: string]: string | null;
            } | null;
            before?: {
                [key: string]: string | null;
            } | null;
            /**
             * @description d makes it a delete of its key.
             * @enum {string}
             */
            op?: "c" | "u" | "d" | "r";
        };
        /** @description A change event with the schema of its table. */
        DeadLetterEvent: {
            /** @description A column that is absent was not resent because it did not change. */
            after: {
                [key: string]: string | null;
            } | null;
            before: {
                [key: string]: string | null;
            } | null;
            /** @enum {string} */
            op: "c" | "u" | "d" | "r" | "t";
        } & {
            [key: string]: unknown;
        };
        /** @description Letters by stage, reason and table; most open ones first, 200 groups. */
        DeadLetterGroups: {
            items: {
                counts: {
                    discarded: number;
                    open: number;
                    replayed: number;
                    replaying: number;
                };
                /** Format: date-time */
                firstAt: string;
                /** Format: date-time */
                lastAt: string;
                /** @description Stage and number: copy.17 */
                newest: string;
                reason: string;
                stage: string;
                table: string;
            }[];
        };
        /** @description What was done, or would be. */
        DeadLetterOutcome: {
            dryRun: boolean;
            /** @description One request takes 10,000: the same again takes the next ones. */
            hasMore: boolean;
            /** @description Only of a dry run: for each of these the request would be refused. The first hundred. */
            hindered: {
                by: string[];
                code: string;
                detail: string;
                /** @description Stage and number: copy.17 */
                id: string;
            }[];
            hinderedCount: number;
            /** @description A replay happens when the job is RUNNING. */
            jobStatus: string;
            keyCount: number;
            /** @description The first hundred. */
            keys: {
                /** @description Stage and number: copy.17 */
                first: string;
                /** @description Values by column, as PostgreSQL's texts; null is NULL. */
                key: {
                    [key: string]: string | null;
                };
                /** @description Stage and number: copy.17 */
                last: string;
                letters: number;
                stage: string;
                table: string;
            }[];
            /** @description How many were changed; of a dry run, how many would be. */
            letters: number;
            stages: {
                keys: number;
                letters: number;
                parked: number;
                stage: string;
            }[];
        };
        DeadLetterPage: {
            items: components["schemas"]["DeadLetter"][];
            nextCursor: string | null;
        };
        /** @description A registered source or sink. */
        Definition: {
            /** @description Options as given; secrets are masked, references to secrets are shown. */
            config: {
                [key: string]: unknown;
            };
            /** Format: date-time */
            createdAt: string;
            /** @description ULID. */
            id: string;
            name: string;
            type: string;
            /** Format: date-time */
            updatedAt: string;
            /** @description Raised by every change; the ETag. */
            version: number;
        };
        /** @description A source or sink to register. */
        DefinitionInput: {
            /** @description Options of the connector; GET /api/v1/connectors has their schema. Secrets may be references: ${env:NAME} or ${file:/run/secrets/x}. */
            config: {
                [key: string]: unknown;
            };
            /** @description Unique per kind. Letters, digits, "-" and "_", starting with a letter. */
            name: string;
            /** @description Type of the connector, such as postgres or jdbc. */
            type: string;
        };
        DefinitionPage: {
            items: components["schemas"]["Definition"][];
            nextCursor: string | null;
        };
        /** @description What to change of a source or sink. Its type cannot change. */
        DefinitionPatch: {
            /** @description JSON merge patch (RFC 7396): null removes an option, a masked secret is kept. */
            config?: {
                [key: string]: unknown;
            };
            /** @description Unique per kind. Letters, digits, "-" and "_", starting with a letter. */
            name?: string;
        };
        /** @description The job is gone; empty leftovers: so is everything it made elsewhere for its own use. */
        DeletedJob: {
            /** @description Records that nobody had resolved and that are gone with the job; the audit log remembers how many. */
            deadLetters: {
                open: number;
                replaying: number;
            };
            id: string;
            /** @description What could not be removed at the systems of the job, with the way to remove it by hand. */
            leftovers: {
                code: string;
                detail: string;
                mend: string;
                /** @description Empty: not of one stage, but the snapshots. */
                stage: string;
            }[];
            name: string;
        };
        /** @description Open letters to give up for good. */
        DiscardDeadLetters: {
            /** @description Why, in your words; kept in the audit log. Only a dry run does without. */
            because?: string;
            /**
             * @description Only tell what would happen.
             * @default false
             */
            dryRun: boolean;
            /** @description All that are like this; {} means all. */
            filter?: {
                /** @description Values by column, as PostgreSQL's texts; null is NULL. */
                key?: {
                    [key: string]: string | null;
                };
                /** @description Error code. */
                reason?: string;
                stage?: string;
                /** @description Table of the source: public.orders */
                table?: string;
            };
            ids?: string[];
            /**
             * @description Take along all open letters of the same keys, so that order per key holds.
             * @default false
             */
            withKey: boolean;
        };
        /** @description A table that could be captured. */
        DiscoveredTable: {
            /** @description Without indexes. */
            bytes: number | null;
            /** @description What stands against capturing it, with the SQL that mends it. */
            findings: components["schemas"]["Finding"][];
            /** @description As a stage names it: public.orders. */
            id: string;
            /** @description Columns of the key; empty without one. */
            key: string[];
            replicaIdentity: string | null;
            /** @description By the statistics of the system; null: there are none. */
            rowsEstimate: number | null;
            schema: string;
            table: string;
        };
        /** @description Tables of a source, by name. */
        DiscoveredTables: {
            /** @description About the database as a whole. */
            findings: components["schemas"]["Finding"][];
            /** @description There are more tables than are listed. */
            isCut: boolean;
            items: components["schemas"]["DiscoveredTable"][];
        };
        /** @description An edge of the DAG, its queues together. */
        EdgeFigures: {
            /** @description Number of the edge in the DAG. */
            edge: number;
            /** @description Of its fullest queue, 0 to 1 or a little more. */
            fill: number;
            from: string;
            queuedRows: number;
            queueRowsMax: number;
            rows: number;
            /** @description Of the last 5 seconds. */
            rowsPerSecond: number;
            to: string;
        };
        /** @description One attempt to run a job on a worker. */
        Execution: {
            /** @description Why it ended. failed: an error. lost: its worker died or could not be reached. released: its worker was shut down. restarted: somebody asked for another one. null: it runs. */
            end: ("completed" | "suspended" | "cancelled" | "failed" | "released" | "restarted" | "lost") | null;
            /** @description null: it runs. */
            endedAt: string | null;
            error: components["schemas"]["JobError"] | null;
            generation: number;
            member: string;
            /** Format: date-time */
            startedAt: string;
        };
        /** @description The newest first; the last hundred are kept. */
        Executions: {
            items: components["schemas"]["Execution"][];
        };
        /** @description One thing that was looked at. */
        Finding: {
            code: string;
            /** @description SQL to run, or a sentence. */
            mend?: string;
            message: string;
            /** @description JSON pointer into the options that were checked. */
            pointer?: string;
            /** @enum {string} */
            severity: "ok" | "warning" | "error";
        };
        /** @description What has changed since the event before. */
        FleetChanges: {
            /** Format: date-time */
            at: string;
            /** @description Jobs whose line is another than before, or that are new. */
            changed: components["schemas"]["JobSummary"][];
            /** @description All of them, when they are others than before. */
            problems?: components["schemas"]["FleetProblem"][];
            /** @description Ids of jobs that are gone. */
            removed: string[];
            totals: components["schemas"]["FleetTotals"];
        };
        /** @description Everything, once at the beginning of the stream. */
        FleetEvent: {
            /** Format: date-time */
            at: string;
            jobs: components["schemas"]["JobSummary"][];
            problems: components["schemas"]["FleetProblem"][];
            totals: components["schemas"]["FleetTotals"];
        };
        /** @description Something that is wrong now. */
        FleetProblem: {
            /** @description Stable, such as job.failed or slot.retains_wal. */
            code: string;
            /** @description What to do. */
            mend: string;
            message: string;
            /** @enum {string} */
            severity: "error" | "warning";
            since: string | null;
            target: components["schemas"]["ProblemTarget"];
        };
        /** @description All jobs together. */
        FleetTotals: {
            /** @description How many jobs are in each status. */
            byStatus: {
                [key: string]: number;
            };
            inPerSecond: number;
            jobs: number;
            /** @description Of the job that is furthest behind. */
            lagP50Ms: number | null;
            /** @description Of the job that is furthest behind. */
            lagP99Ms: number | null;
            members: number;
            outPerSecond: number;
        };
        /** @description Rows that came from the sources and went into the sinks. */
        Flow: {
            in: number;
            /** @description Of the last 5 seconds. */
            inPerSecond: number;
            out: number;
            /** @description Of the last 5 seconds. */
            outPerSecond: number;
        };
        /** @description All is well. */
        Health: {
            /** @enum {string} */
            status: "ok";
        };
        /** @description An API key with its secret. */
        IssuedApiKey: {
            /** Format: date-time */
            createdAt: string;
            createdBy: string;
            /** @description null: never. */
            expiresAt: string | null;
            id: string;
            /** @description The key. It is shown this once. */
            key: string;
            /** @description To the minute. */
            lastUsedAt: string | null;
            name: string;
            oldKeyWorksUntil: string | null;
            /** @description How the key begins; what follows is secret. */
            prefix: string;
            revokedAt: string | null;
            role: components["schemas"]["AccessRole"];
            /** @description When its secret was replaced last. */
            rotatedAt: string | null;
            /** @enum {string} */
            state: "active" | "expired" | "revoked";
        };
        /** @description A submitted pipeline and what became of it. */
        Job: {
            /** @description What the last committed snapshot covers: all rows, when the job has COMPLETED. Told when the job stops; null: it never has. */
            counts: components["schemas"]["StageCounts"][] | null;
            /** Format: date-time */
            createdAt: string;
            /** @description Records that stages set aside and nobody has resolved; each counted up to 10,000. */
            deadLetters: {
                open: number;
                replaying: number;
            };
            /**
             * @description What was asked for last; the workers make it so.
             * @enum {string}
             */
            desired: "running" | "suspended" | "cancelled";
            document: components["schemas"]["Pipeline"] | components["schemas"]["ModuleJob"];
            /** @description From startedAt to endedAt. */
            durationMs: number | null;
            /** @description null: it is not over. */
            endedAt: string | null;
            error: components["schemas"]["JobError"] | null;
            executionStartedAt: string | null;
            /** @description Number of the execution that wrote the status. */
            generation: number;
            /** @description ULID. */
            id: string;
            name: string;
            /** @description Name of the schedule that made it; null: somebody else did. */
            schedule: string | null;
            /** @description When its first execution began. */
            startedAt: string | null;
            /** @enum {string} */
            status: "NOT_RUNNING" | "STARTING" | "RUNNING" | "SUSPENDED" | "SUSPENDED_EXPORTING_SNAPSHOT" | "COMPLETING" | "COMPLETED" | "FAILED";
            /** Format: date-time */
            updatedAt: string;
            /** @description Raised by every command; the ETag. */
            version: number;
        };
        /** @description Why the job failed, and what to do before resuming it. */
        JobError: {
            code: string;
            details?: {
                [key: string]: unknown;
            };
            /** @enum {string} */
            domain: "user" | "external" | "internal";
            mend?: string;
            message: string;
            pointer?: string;
            /** @enum {string} */
            retry: "later" | "after-repair" | "never";
            title: string;
        };
        /** @description Figures of the running execution, renewed every second. */
        JobFigures: {
            /** @description Milliseconds since 1970. */
            at: number;
            /** @description Executions that this member has begun for the job since it took it. */
            attempts: number;
            edges: components["schemas"]["EdgeFigures"][];
            flow: components["schemas"]["Flow"];
            generation: number;
            jobId: string;
            jobName: string;
            lag: components["schemas"]["Lag"];
            member: string;
            snapshot: components["schemas"]["NewestSnapshot"] | null;
            /** Format: date-time */
            startedAt: string;
            status: string;
            vertices: components["schemas"]["VertexFigures"][];
        };
        /** @description It was deleted. */
        JobGone: {
            id: string;
        };
        /** @description The last hour of a job, for charts. */
        JobHistory: {
            metrics: ("inPerSecond" | "outPerSecond" | "lagMs" | "lagP99Ms" | "lagBytes" | "queueFill" | "blocked" | "stateBytes" | "snapshotMs" | "snapshotBytes")[];
            /** @description Each: milliseconds since 1970, then the metrics in their order. The oldest first. */
            points: (number | null)[][];
            /** @description Between two points. */
            stepMs: number;
        };
        JobPage: {
            items: components["schemas"]["Job"][];
            nextCursor: string | null;
        };
        /** @description The DAG of a job: vertices with what runs fused in each and why, and edges. */
        JobPlan: {
            drawing?: string;
            vertices: ({
                name: string;
            } & {
                [key: string]: unknown;
            })[];
        } & {
            [key: string]: unknown;
        };
        /** @description What a job is doing. */
        JobState: {
            /** @description What the last committed snapshot covers: all rows, when the job has COMPLETED. Told when the job stops; null: it never has. */
            counts: components["schemas"]["StageCounts"][] | null;
            /**
             * @description What was asked for last; the workers make it so.
             * @enum {string}
             */
            desired: "running" | "suspended" | "cancelled";
            /** @description From startedAt to endedAt. */
            durationMs: number | null;
            /** @description null: it is not over. */
            endedAt: string | null;
            error: components["schemas"]["JobError"] | null;
            executionStartedAt: string | null;
            generation: number;
            id: string;
            name: string;
            /** @description When its first execution began. */
            startedAt: string | null;
            /** @enum {string} */
            status: "NOT_RUNNING" | "STARTING" | "RUNNING" | "SUSPENDED" | "SUSPENDED_EXPORTING_SNAPSHOT" | "COMPLETING" | "COMPLETED" | "FAILED";
            /** Format: date-time */
            updatedAt: string;
            version: number;
        };
        /** @description A job in one line. */
        JobSummary: {
            /** @description Share of time that its most held up stage waits for room, 0 to 1. */
            blocked: number;
            /** @description Open ones, counted up to 10,000. */
            deadLetters: number;
            /**
             * @description What was asked for last; the workers make it so.
             * @enum {string}
             */
            desired: "running" | "suspended" | "cancelled";
            /** @description Why it failed, or why it is waiting for another attempt. */
            error: {
                code: string;
                mend: string | null;
                message: string;
            } | null;
            executionStartedAt: string | null;
            generation: number;
            guarantee: string;
            id: string;
            inPerSecond: number;
            lag: components["schemas"]["Lag"] | null;
            /** @description Who runs it; null: nobody has told figures lately. */
            member: string | null;
            name: string;
            outPerSecond: number;
            /** @description Of its fullest queue, 0 to 1 or a little more. */
            queueFill: number;
            /** @description Executions that failed or lost their member within a day. */
            restarts: number;
            /** @description The newest one. */
            snapshot: {
                durationMs: number;
                id: number;
                /** Format: date-time */
                takenAt: string;
            } | null;
            /** @enum {string} */
            status: "NOT_RUNNING" | "STARTING" | "RUNNING" | "SUSPENDED" | "SUSPENDED_EXPORTING_SNAPSHOT" | "COMPLETING" | "COMPLETED" | "FAILED";
            /**
             * Format: date-time
             * @description When the status was written.
             */
            updatedAt: string;
        };
        /** @description A table that a job captures. */
        JobTable: {
            /** @description Until its rows are read, at this rate and by the estimate. */
            etaMs: number | null;
            /**
             * @description waiting: its rows are not being read yet. loading: they are. streaming: only changes come. unknown: nobody runs the job, or the source does not tell.
             * @enum {string}
             */
            phase: "waiting" | "loading" | "streaming" | "unknown";
            /** @description Read by the initial load so far. */
            rows: number | null;
            /** @description By the statistics of the source. */
            rowsEstimate: number | null;
            rowsPerSecond: number | null;
            source: string;
            stage: string;
            table: string;
        };
        /** @description Tables of all source stages of a job, in the order of its document. */
        JobTables: {
            items: components["schemas"]["JobTable"][];
        };
        /** @description How far the sinks are behind the source. */
        Lag: {
            /** @description Log the source has still to read, where it tells. */
            bytes: number | null;
            /** @description Median of the last 5 seconds. */
            nowMs: number | null;
            /**
             * @description sink: from the commit at the source to the commit at the sink. source: nothing was shown in the last minute, or no sink tells; how far the source is behind its system.
             * @enum {string}
             */
            of: "sink" | "source";
            /** @description Of the last minute. */
            p50Ms: number | null;
            /** @description Of the last minute. */
            p99Ms: number | null;
        };
        /** @description Who calls, and what he may do. */
        Me: {
            /** @description When the key, or the session, ends. */
            expiresAt: string | null;
            keyId: string | null;
            /** @enum {string} */
            kind: "key" | "session" | "open";
            name: string;
            /** @description There is no key yet: whoever reaches the API may do everything. */
            open: boolean;
            role: components["schemas"]["AccessRole"];
        };
        /** @description A worker that is there. */
        Member: {
            /**
             * Format: date-time
             * @description When it told this; every second.
             */
            at: string;
            /** @description Cores it used in the last second; engine threads make it more than 1. */
            cpu: number;
            /** @description How late the event loop of the main thread was. */
            eventLoopP50Ms: number;
            eventLoopP99Ms: number;
            heapMaxBytes: number;
            heapUsedBytes: number;
            jobs: {
                id: string;
                name: string;
            }[];
            /** @description Host and process. */
            name: string;
            rssBytes: number;
            /** Format: date-time */
            startedAt: string;
            /**
             * @description draining: it takes no job and gives its jobs to others. drained: it has none left, and can be stopped.
             * @enum {string}
             */
            state: "active" | "draining" | "drained";
            /** @description Of its engine. */
            threads: number;
            version: string;
        };
        /** @description The workers of the cluster. */
        Members: {
            /** @description Workers that went without a word in the last ten minutes. */
            gone: {
                /** Format: date-time */
                lastAt: string;
                name: string;
            }[];
            items: components["schemas"]["Member"][];
        };
        /** @description An uploaded module. */
        Module: {
            byteLength: number;
            /** Format: date-time */
            createdAt: string;
            /** @description Names of the jobs that use it. */
            jobs: string[];
            sha256: string;
        };
        /** @description Code of a module. */
        ModuleCode: {
            code: string;
        };
        /** @description A job written in TypeScript: an uploaded module (POST /modules) and its options. */
        ModuleJob: {
            /**
             * @description Name of the export that is, or makes, the pipeline.
             * @default default
             */
            export: string;
            /**
             * @default exactly-once
             * @enum {string}
             */
            guarantee: "exactly-once" | "at-least-once" | "none";
            module: string;
            /** @description Unique per kind. Letters, digits, "-" and "_", starting with a letter. */
            name: string;
            /** @description Plain data that the export is called with. */
            options?: unknown;
            /**
             * @description A duration: 500ms, 10s, 1m, 2h, 1d.
             * @default 1s
             */
            snapshotInterval: string;
            /**
             * @description Filled in by the API: the registered sources and sinks that the pipeline names.
             * @default []
             */
            uses: {
                definition: string;
                options: {
                    [key: string]: unknown;
                };
                /** @enum {string} */
                role: "source" | "sink";
                stage: string;
            }[];
        };
        /** @description Uploaded modules, the newest first. */
        ModuleList: {
            items: components["schemas"]["Module"][];
        };
        /** @description The newest snapshot. */
        NewestSnapshot: {
            ageMs: number;
            /** @description Until every instance had met the barrier and saved. */
            alignMs: number;
            /** @description Encoded state. */
            bytes: number;
            /** @description Until the sinks showed what it covers. */
            commitMs: number;
            durationMs: number;
            /** @description Of the execution that took it. */
            generation: number;
            id: number;
            /**
             * Format: date-time
             * @description When the barrier left.
             */
            takenAt: string;
            /** @description Until it was durable in Redis and the metadata database. */
            writeMs: number;
        };
        /** @description No worker has told figures lately. */
        NoFigures: {
            /** Format: date-time */
            since: string;
        };
        /** @description Something that somebody did. */
        Operation: {
            action: string;
            actor: string | null;
            /** Format: date-time */
            at: string;
            id: number;
            outcome: string;
            target: string;
            targetName: string | null;
        };
        /** @description The fleet: is anything wrong, since when, what to do; and how it goes. */
        Overview: {
            /** Format: date-time */
            at: string;
            /** @description The last hour, a point every ten seconds: rates of all jobs, lag of the one furthest behind. */
            history: {
                /** @description Milliseconds since 1970. */
                at: number;
                inPerSecond: number | null;
                lagMs: number | null;
                lagP99Ms: number | null;
                outPerSecond: number | null;
            }[];
            jobs: components["schemas"]["JobSummary"][];
            /** @description What was done last, the newest first. */
            operations: components["schemas"]["Operation"][];
            /** @description The worst and oldest first; empty: all is well. */
            problems: components["schemas"]["FleetProblem"][];
            sources: components["schemas"]["SourceSummary"][];
            totals: components["schemas"]["FleetTotals"];
        };
        /** @description A pipeline: named stages from sources to sinks. */
        Pipeline: {
            /**
             * @default exactly-once
             * @enum {string}
             */
            guarantee: "exactly-once" | "at-least-once" | "none";
            /** @description Unique per kind. Letters, digits, "-" and "_", starting with a letter. */
            name: string;
            /**
             * @description A duration: 500ms, 10s, 1m, 2h, 1d.
             * @default 1s
             */
            snapshotInterval: string;
            stages: {
                [key: string]: {
                    [key: string]: unknown;
                };
            };
        };
        /** @description A source or sink that is not registered, to be looked at. */
        ProbeInput: {
            /** @description Options of the connector; GET /api/v1/connectors has their schema. Secrets may be references: ${env:NAME} or ${file:/run/secrets/x}. */
            config: {
                [key: string]: unknown;
            };
            /** @description Type of the connector, such as postgres or jdbc. */
            type: string;
        };
        /** @description What went wrong, where, and how to mend it (RFC 9457). */
        Problem: {
            /** @description Stable; see the page of error codes. */
            code: string;
            detail: string;
            /** @description Facts for programs: names, positions, states. */
            details?: {
                [key: string]: unknown;
            };
            /** @description Everything that is wrong, when it is more than the request as a whole. */
            errors?: {
                /** @description Stable; see the page of error codes. */
                code: string;
                detail: string;
                /** @description How to mend it: a sentence, or SQL to run. */
                mend?: string;
                /** @description Name of the query parameter or header. */
                parameter?: string;
                /** @description JSON pointer into the body of the request. */
                pointer?: string;
            }[];
            /** @description Path of the request. */
            instance: string;
            /** @description How to mend it: a sentence, or SQL to run. */
            mend?: string;
            /** @description Name of the query parameter or header. */
            parameter?: string;
            /** @description JSON pointer into the body of the request. */
            pointer?: string;
            /** @description As in the header x-request-id and in the log. */
            requestId: string;
            status: number;
            title: string;
            /** @description urn:millrace:error:CODE */
            type: string;
        };
        /** @description What it is about. */
        ProblemTarget: {
            id: string;
            /** @enum {string} */
            kind: "job" | "source" | "member" | "api-key" | "cluster";
            name: string;
        };
        /** @description Open letters to process again, in the order they were set aside. */
        ReplayDeadLetters: {
            /**
             * @description Only tell what would happen.
             * @default false
             */
            dryRun: boolean;
            /** @description All that are like this; {} means all. */
            filter?: {
                /** @description Values by column, as PostgreSQL's texts; null is NULL. */
                key?: {
                    [key: string]: string | null;
                };
                /** @description Error code. */
                reason?: string;
                stage?: string;
                /** @description Table of the source: public.orders */
                table?: string;
            };
            ids?: string[];
            /** @description Letters a second at most. */
            rate?: number;
            /**
             * @description Take along all open letters of the same keys, so that order per key holds.
             * @default false
             */
            withKey: boolean;
        };
        /** @description What was asked for, and what it does. */
        RequestedLoad: {
            dryRun: boolean;
            /** @description What happens, a sentence each, in the order in which it matters. */
            effects: string[];
            /** @description null in a dry run. */
            load: components["schemas"]["TableLoad"] | null;
            stage: string;
            tables: {
                rowsEstimate: number | null;
                table: string;
            }[];
        };
        /** @description Tables of a running job to load again. */
        RequestLoad: {
            /**
             * @description true: says what would happen, and does nothing.
             * @default false
             */
            dryRun: boolean;
            /** @description Source stage that captures them; only needed where several do. */
            stage?: string;
            /** @description With their schemas: public.orders. */
            tables: string[];
        };
        /**
         * @description How a key gets a new secret.
         * @default {
         *       "oldKeyWorksFor": "0s"
         *     }
         */
        RotateApiKey: {
            /**
             * @description A new end of the key, from now; by default its end stays.
             * @example 90d
             */
            expiresIn?: "never" | string;
            /**
             * @description How long the secret that is replaced, and sessions it began, go on working.
             * @default 0s
             */
            oldKeyWorksFor: string;
        };
        /** @description The schedule as it is now. */
        SavedSchedule: {
            /** Format: date-time */
            createdAt: string;
            cron: string;
            deadline: string;
            /** @description ULID. */
            id: string;
            keep: number;
            lastRun: components["schemas"]["ScheduleRun"] | null;
            /**
             * @description Ticks that nobody was there for. latest: the last one is run, if it is not later than deadline. none: only what is at most a minute late.
             * @enum {string}
             */
            missed: "latest" | "none";
            name: string;
            /** @description The next five; none while it is suspended. */
            nextTicks: string[];
            /**
             * @description A tick while a run is not over. skip: it is not run. queue: it waits, up to ten. cancel-previous: that run is cancelled, and this one begins when it has ended.
             * @enum {string}
             */
            overlap: "skip" | "queue" | "cancel-previous";
            suspended: boolean;
            /** @description The job: a document as POST /jobs takes it, without its name. {{tick}}, {{tick.previous}}, {{tick.date}}, {{tick.month}} stand for the time of a run in parameters, paths and the like. */
            template: {
                [key: string]: unknown;
            };
            timeZone: string;
            /** Format: date-time */
            updatedAt: string;
            /** @description Raised by every change (not by ticks); the ETag. */
            version: number;
            /** @description What the systems of its job said that does not stop it. */
            warnings: components["schemas"]["Finding"][];
        };
        /** @description A job that is submitted again and again. */
        Schedule: {
            /** Format: date-time */
            createdAt: string;
            cron: string;
            deadline: string;
            /** @description ULID. */
            id: string;
            keep: number;
            lastRun: components["schemas"]["ScheduleRun"] | null;
            /**
             * @description Ticks that nobody was there for. latest: the last one is run, if it is not later than deadline. none: only what is at most a minute late.
             * @enum {string}
             */
            missed: "latest" | "none";
            name: string;
            /** @description The next five; none while it is suspended. */
            nextTicks: string[];
            /**
             * @description A tick while a run is not over. skip: it is not run. queue: it waits, up to ten. cancel-previous: that run is cancelled, and this one begins when it has ended.
             * @enum {string}
             */
            overlap: "skip" | "queue" | "cancel-previous";
            suspended: boolean;
            /** @description The job: a document as POST /jobs takes it, without its name. {{tick}}, {{tick.previous}}, {{tick.date}}, {{tick.month}} stand for the time of a run in parameters, paths and the like. */
            template: {
                [key: string]: unknown;
            };
            timeZone: string;
            /** Format: date-time */
            updatedAt: string;
            /** @description Raised by every change (not by ticks); the ETag. */
            version: number;
        };
        SchedulePage: {
            items: components["schemas"]["Schedule"][];
            nextCursor: string | null;
        };
        /** @description JSON merge patch (RFC 7396). Jobs that were submitted stay as they are. */
        SchedulePatch: {
            /**
             * @description Five fields: minute, hour, day of month, month, day of week.
             * @example 0 2 * * *
             */
            cron?: string;
            /** @description How late a tick may be run: 1h. */
            deadline?: string;
            /** @description Runs that are over and kept; older ones are deleted with their jobs. What they have written stays. */
            keep?: number;
            /**
             * @description Ticks that nobody was there for. latest: the last one is run, if it is not later than deadline. none: only what is at most a minute late.
             * @enum {string}
             */
            missed?: "latest" | "none";
            /** @description Unique. Letters, digits, "-" and "_", starting with a letter, at most 40; its jobs are called by it and the time of their tick. */
            name?: string;
            /**
             * @description A tick while a run is not over. skip: it is not run. queue: it waits, up to ten. cancel-previous: that run is cancelled, and this one begins when it has ended.
             * @enum {string}
             */
            overlap?: "skip" | "queue" | "cancel-previous";
            /** @description No ticks meanwhile, and none are made up for. */
            suspended?: boolean;
            /** @description The job: a document as POST /jobs takes it, without its name. {{tick}}, {{tick.previous}}, {{tick.date}}, {{tick.month}} stand for the time of a run in parameters, paths and the like. */
            template?: {
                [key: string]: unknown;
            };
            /** @description Name of the IANA database, such as Europe/Berlin. */
            timeZone?: string;
        };
        /** @description What became of a tick. */
        ScheduleRun: {
            /** @description What the last committed snapshot covers: all rows, when the job has COMPLETED. Told when the job stops; null: it never has. */
            counts: components["schemas"]["StageCounts"][] | null;
            desired: ("running" | "suspended" | "cancelled") | null;
            /** @description From startedAt to endedAt. */
            durationMs: number | null;
            /** @description null: it is not over. */
            endedAt: string | null;
            /** @description Why it was refused, or why its job failed. */
            error: components["schemas"]["JobError"] | null;
            /** @description ULID; of its job too. */
            id: string;
            /** @description Somebody asked for it. */
            isManual: boolean;
            jobName: string;
            /** @description Ticks right before it that were missed. */
            missedBefore: number;
            /**
             * @description queued: it waits for the run before. submitted: there is a job. skipped: the run before was not over. missed: nobody was there in time. refused: its job could not be submitted.
             * @enum {string}
             */
            outcome: "queued" | "submitted" | "skipped" | "missed" | "refused";
            /** @description When its first execution began. */
            startedAt: string | null;
            /** @description Of its job; null: there is none, or it was deleted. */
            status: ("NOT_RUNNING" | "STARTING" | "RUNNING" | "SUSPENDED" | "SUSPENDED_EXPORTING_SNAPSHOT" | "COMPLETING" | "COMPLETED" | "FAILED") | null;
            /** Format: date-time */
            tick: string;
        };
        /** @description Runs of a schedule, the newest first. */
        ScheduleRunPage: {
            items: components["schemas"]["ScheduleRun"][];
            nextCursor: string | null;
        };
        /** @description What keeps a system from removing log that a job has still to read. */
        Slot: {
            /** @description Somebody reads it now. */
            isActive: boolean;
            /** @description null: an orphan. No job here has it; another installation may. */
            job: {
                id: string;
                name: string;
            } | null;
            /** @description Log that is not confirmed yet. */
            lagBytes: number | null;
            name: string;
            /** @description Log that the system keeps for it. */
            retainedBytes: number | null;
            /** @description What may still be written before the slot is lost; null: no limit. */
            safeBytes: number | null;
            /** @description reserved, extended, unreserved, lost. */
            state: string | null;
        };
        /** @description Slots of jobs in the database of a source, and orphans. */
        Slots: {
            items: components["schemas"]["Slot"][];
        };
        /** @description A committed snapshot. */
        Snapshot: {
            /** @description Until every instance had met the barrier and saved. */
            alignMs: number;
            /** @description Encoded state. */
            bytes: number;
            /** @description Until the sinks showed what it covers. */
            commitMs: number;
            durationMs: number;
            /** @description Of the execution that took it. */
            generation: number;
            id: number;
            /** @description Its state is still there; the job goes on from the newest such. */
            isRetained: boolean;
            /**
             * Format: date-time
             * @description When the barrier left.
             */
            takenAt: string;
            /** @description Until it was durable in Redis and the metadata database. */
            writeMs: number;
        };
        /** @description A committed snapshot and how long its parts took. */
        SnapshotFigures: {
            /** @description Until every instance had met the barrier and saved. */
            alignMs: number;
            /** @description Encoded state. */
            bytes: number;
            /** @description Until the sinks showed what it covers. */
            commitMs: number;
            durationMs: number;
            /** @description Of the execution that took it. */
            generation: number;
            id: number;
            /**
             * Format: date-time
             * @description When the barrier left.
             */
            takenAt: string;
            /** @description Until it was durable in Redis and the metadata database. */
            writeMs: number;
        };
        /** @description The newest first; the figures of the last hundred are kept. */
        Snapshots: {
            items: components["schemas"]["Snapshot"][];
        };
        /** @description What a source that is not registered lacks, and its tables. Nothing is kept. */
        SourceProbe: {
            findings: components["schemas"]["Finding"][];
            /** @description No finding is an error. */
            ok: boolean;
            /** @description null: the connection cannot be used, or such a source cannot tell its tables. */
            tables: components["schemas"]["DiscoveredTables"] | null;
        };
        /** @description A source and what it keeps for its jobs, as of the last half minute. */
        SourceSummary: {
            id: string;
            name: string;
            /** @description Log that its system keeps for all of them. */
            retainedBytes: number | null;
            /** @description What may be written before the first of them is lost; null: no limit. */
            safeBytes: number | null;
            /** @description Of jobs, and orphans; null: it has none, or could not be asked. */
            slots: number | null;
            /** @description Why it could not be asked. */
            trouble: string | null;
            type: string;
        };
        /** @description Rows of a stage over all executions of the job. */
        StageCounts: {
            /** @description Set aside. */
            deadLetters: number;
            /** @description Too late for their window. */
            lateRows: number;
            rowsIn: number;
            rowsOut: number;
            /** @description Refused by the sink and left out, by onError: skip. */
            skippedRows: number;
            /** @description Of the graph; stages that run as one are counted as one. */
            stage: string;
        };
        /** @description Nothing new can be told for now, and why; the stream goes on by itself. */
        StreamTrouble: {
            code: string;
            mend?: string;
            message: string;
        };
        /** @description The job as submitted. */
        SubmittedJob: {
            /** @description What the last committed snapshot covers: all rows, when the job has COMPLETED. Told when the job stops; null: it never has. */
            counts: components["schemas"]["StageCounts"][] | null;
            /** Format: date-time */
            createdAt: string;
            /** @description Records that stages set aside and nobody has resolved; each counted up to 10,000. */
            deadLetters: {
                open: number;
                replaying: number;
            };
            /**
             * @description What was asked for last; the workers make it so.
             * @enum {string}
             */
            desired: "running" | "suspended" | "cancelled";
            document: components["schemas"]["Pipeline"] | components["schemas"]["ModuleJob"];
            /** @description From startedAt to endedAt. */
            durationMs: number | null;
            /** @description null: it is not over. */
            endedAt: string | null;
            error: components["schemas"]["JobError"] | null;
            executionStartedAt: string | null;
            /** @description Number of the execution that wrote the status. */
            generation: number;
            /** @description ULID. */
            id: string;
            name: string;
            /** @description Name of the schedule that made it; null: somebody else did. */
            schedule: string | null;
            /** @description When its first execution began. */
            startedAt: string | null;
            /** @enum {string} */
            status: "NOT_RUNNING" | "STARTING" | "RUNNING" | "SUSPENDED" | "SUSPENDED_EXPORTING_SNAPSHOT" | "COMPLETING" | "COMPLETED" | "FAILED";
            /** Format: date-time */
            updatedAt: string;
            /** @description Raised by every command; the ETag. */
            version: number;
            /** @description What the systems said that does not stop the job. */
            warnings: components["schemas"]["Finding"][];
        };
        /** @description Changes of some tables for the handlers of one consumer. */
        Subscription: {
            backlog: number;
            /** Format: date-time */
            createdAt: string;
            /** @description Records that stages set aside and nobody has resolved; each counted up to 10,000. */
            deadLetters: {
                open: number;
                replaying: number;
            };
            /**
             * @description What was asked for last; the workers make it so.
             * @enum {string}
             */
            desired: "running" | "suspended" | "cancelled";
            error: components["schemas"]["JobError"] | null;
            /** @description An SQL expression: after.status = 'paid'. */
            filter?: string;
            /** @description ULID, of its job too. */
            id: string;
            /** @enum {string} */
            initialLoad: "none" | "full";
            /** @description Also the name of its job, and of the consumer whose handlers get the changes. */
            name: string;
            operations: ("read" | "insert" | "update" | "delete" | "truncate")[];
            partitions: number;
            /** @description Unique per kind. Letters, digits, "-" and "_", starting with a letter. */
            source: string;
            /** @enum {string} */
            status: "NOT_RUNNING" | "STARTING" | "RUNNING" | "SUSPENDED" | "SUSPENDED_EXPORTING_SNAPSHOT" | "COMPLETING" | "COMPLETED" | "FAILED";
            /** @description Tables with their schema: public.orders. */
            tables: string[];
        };
        SubscriptionDetail: {
            backlog: number;
            /** Format: date-time */
            createdAt: string;
            /** @description Records that stages set aside and nobody has resolved; each counted up to 10,000. */
            deadLetters: {
                open: number;
                replaying: number;
            };
            /**
             * @description What was asked for last; the workers make it so.
             * @enum {string}
             */
            desired: "running" | "suspended" | "cancelled";
            error: components["schemas"]["JobError"] | null;
            /** @description An SQL expression: after.status = 'paid'. */
            filter?: string;
            /** @description ULID, of its job too. */
            id: string;
            /** @enum {string} */
            initialLoad: "none" | "full";
            /** @description Instances of the service that share the work. */
            instances: number;
            /** @description Also the name of its job, and of the consumer whose handlers get the changes. */
            name: string;
            operations: ("read" | "insert" | "update" | "delete" | "truncate")[];
            partitions: number;
            /** @description Unique per kind. Letters, digits, "-" and "_", starting with a letter. */
            source: string;
            /** @enum {string} */
            status: "NOT_RUNNING" | "STARTING" | "RUNNING" | "SUSPENDED" | "SUSPENDED_EXPORTING_SNAPSHOT" | "COMPLETING" | "COMPLETED" | "FAILED";
            /** @description Tables with their schema: public.orders. */
            tables: string[];
            /** @description Changes that no handler has acknowledged. */
            waiting: number;
        };
        SubscriptionPage: {
            items: components["schemas"]["Subscription"][];
            nextCursor: string | null;
        };
        SubscriptionRefusal: {
            attempts: number;
            epoch: number;
            /** @description ULID that the instance of the service has chosen for itself. */
            instance: string;
            mend?: string;
            message: string;
            number: number;
            partition: number;
            /** @default handler.failed */
            reason: string;
        };
        SubscriptionRefusalAnswer: {
            /** @description Id of the dead letter; null: the change is acknowledged, or is not of this instance. */
            letter: string | null;
        };
        SubscriptionReport: {
            /**
             * @description Per partition: every change up to this number is handled.
             * @default []
             */
            acknowledged: {
                epoch: number;
                partition: number;
                upTo: number;
            }[];
            /** @description ULID that the instance of the service has chosen for itself. */
            instance: string;
            /**
             * @description The instance ends.
             * @default false
             */
            leaves: boolean;
            /**
             * @description Partitions given back, nothing of them runs any more.
             * @default []
             */
            released: number[];
        };
        SubscriptionReportAnswer: {
            /** @description false: attach again, others may have the partitions. */
            isKnown: boolean;
            /** @description Partitions that were acknowledged and belong to another instance. */
            lost: number[];
        };
        /** @description Columns of tables as their changes have them. */
        TableColumns: {
            items: {
                columns: {
                    isKey: boolean;
                    isNullable: boolean;
                    /** @description How its text is read: integer, bigint, exact, boolean, json, … */
                    kind: string;
                    name: string;
                    sqlType: string;
                }[];
                table: string;
            }[];
        };
        /** @description A request to load tables of a job again, and how far it is. */
        TableLoad: {
            finishedAt: string | null;
            /** @description ULID. */
            id: string;
            /** Format: date-time */
            requestedAt: string;
            stage: string;
            /**
             * @description waiting: no execution has taken it yet. loading: its tables are being read. done: all their rows are delivered, and a committed snapshot has it. refused: a table has lost its key since. abandoned: the job ended before.
             * @enum {string}
             */
            state: "waiting" | "loading" | "done" | "refused" | "abandoned";
            /** @description How far each is now; a table that is loaded is streaming. */
            tables: components["schemas"]["JobTable"][];
        };
        /** @description Requests to load tables of a job again, the newest first; the last 100. */
        TableLoads: {
            items: components["schemas"]["TableLoad"][];
        };
        /** @description What is being looked at. Rows come within a second or two. */
        TailBegun: {
            edges: {
                edge: number;
                from: string;
                to: string;
            }[];
            job: {
                id: string;
                name: string;
            };
            /** @description What is more is passed over. */
            rowsPerSecond: number;
        };
        /** @description Nothing more comes: the filter does not fit the rows, or nobody runs the job. */
        TailError: {
            message: string;
        };
        /** @description A sample of the rows that cross the edges. */
        TailRows: {
            /** @description Rows since the event before that were too many, or of which the filter is not true. */
            passedOver: number;
            rows: {
                edge: number;
                /** @description A change event (op, table, key, before, after, lsn, commitTime, isLoading; long texts are cut, {"unchanged":true} is a value that was not sent again), or the row of a stage that makes other rows. */
                row: unknown;
            }[];
        };
        /** @description Code of a job written in TypeScript, as millrace submit bundles it. */
        UploadModule: {
            /** @description A JavaScript module, bundled; it may import @millrace/*. */
            code: string;
        };
        /** @description A vertex of the DAG, its instances together. */
        VertexFigures: {
            /** @description Share of its instances' time that it waited for room downstream (back-pressure), 0 to 1. */
            blocked: number;
            /** @description Share of its instances' time that it worked, 0 to 1. */
            busy: number;
            busyMs: number;
            /** @description What the connectors and stages tell themselves. */
            custom: {
                [key: string]: number;
            };
            /** @description Set aside by this execution. */
            deadLetters: number;
            instances: number;
            isSink: boolean;
            isSource: boolean;
            /** @description Where the stage tells. */
            keys: number | null;
            /** @description Of its fullest input queue, 0 to 1 or a little more; null of a source. */
            queueFill: number | null;
            /** @description Since the execution started. */
            rowsIn: number;
            /** @description Of the last 5 seconds. */
            rowsInPerSecond: number;
            /** @description Since the execution started. */
            rowsOut: number;
            /** @description Of the last 5 seconds. */
            rowsOutPerSecond: number;
            /** @description Where the stage tells. */
            stateBytes: number | null;
            vertex: string;
            /** @description Event time that every instance has reached. */
            watermark: string | null;
            watermarkAgeMs: number | null;
        };
    };
    responses: never;
    parameters: never;
    requestBodies: never;
    headers: never;
    pathItems: never;
}
export type AccessRole = components['schemas']['AccessRole'];
export type ApiKey = components['schemas']['ApiKey'];
export type ApiKeyPage = components['schemas']['ApiKeyPage'];
export type AuditActor = components['schemas']['AuditActor'];
export type AuditEntry = components['schemas']['AuditEntry'];
export type AuditPage = components['schemas']['AuditPage'];
export type CancelReplay = components['schemas']['CancelReplay'];
export type Check = components['schemas']['Check'];
export type Connector = components['schemas']['Connector'];
export type ConnectorList = components['schemas']['ConnectorList'];
export type CreateApiKey = components['schemas']['CreateApiKey'];
export type CreatedSubscription = components['schemas']['CreatedSubscription'];
export type CreateFirstKey = components['schemas']['CreateFirstKey'];
export type CreateSchedule = components['schemas']['CreateSchedule'];
export type CreateSession = components['schemas']['CreateSession'];
export type CreateSubscription = components['schemas']['CreateSubscription'];
export type DeadLetter = components['schemas']['DeadLetter'];
export type DeadLetterDetail = components['schemas']['DeadLetterDetail'];
export type DeadLetterEdit = components['schemas']['DeadLetterEdit'];
export type DeadLetterEvent = components['schemas']['DeadLetterEvent'];
export type DeadLetterGroups = components['schemas']['DeadLetterGroups'];
export type DeadLetterOutcome = components['schemas']['DeadLetterOutcome'];
export type DeadLetterPage = components['schemas']['DeadLetterPage'];
export type Definition = components['schemas']['Definition'];
export type DefinitionInput = components['schemas']['DefinitionInput'];
export type DefinitionPage = components['schemas']['DefinitionPage'];
export type DefinitionPatch = components['schemas']['DefinitionPatch'];
export type DeletedJob = components['schemas']['DeletedJob'];
export type DiscardDeadLetters = components['schemas']['DiscardDeadLetters'];
export type DiscoveredTable = components['schemas']['DiscoveredTable'];
export type DiscoveredTables = components['schemas']['DiscoveredTables'];
export type EdgeFigures = components['schemas']['EdgeFigures'];
export type Execution = components['schemas']['Execution'];
export type Executions = components['schemas']['Executions'];
export type Finding = components['schemas']['Finding'];
export type FleetChanges = components['schemas']['FleetChanges'];
export type FleetEvent = components['schemas']['FleetEvent'];
export type FleetProblem = components['schemas']['FleetProblem'];
export type FleetTotals = components['schemas']['FleetTotals'];
export type Flow = components['schemas']['Flow'];
export type Health = components['schemas']['Health'];
export type IssuedApiKey = components['schemas']['IssuedApiKey'];
export type Job = components['schemas']['Job'];
export type JobError = components['schemas']['JobError'];
export type JobFigures = components['schemas']['JobFigures'];
export type JobGone = components['schemas']['JobGone'];
export type JobHistory = components['schemas']['JobHistory'];
export type JobPage = components['schemas']['JobPage'];
export type JobPlan = components['schemas']['JobPlan'];
export type JobState = components['schemas']['JobState'];
export type JobSummary = components['schemas']['JobSummary'];
export type JobTable = components['schemas']['JobTable'];
export type JobTables = components['schemas']['JobTables'];
export type Lag = components['schemas']['Lag'];
export type Me = components['schemas']['Me'];
export type Member = components['schemas']['Member'];
export type Members = components['schemas']['Members'];
export type Module = components['schemas']['Module'];
export type ModuleCode = components['schemas']['ModuleCode'];
export type ModuleJob = components['schemas']['ModuleJob'];
export type ModuleList = components['schemas']['ModuleList'];
export type NewestSnapshot = components['schemas']['NewestSnapshot'];
export type NoFigures = components['schemas']['NoFigures'];
export type Operation = components['schemas']['Operation'];
export type Overview = components['schemas']['Overview'];
export type Pipeline = components['schemas']['Pipeline'];
export type ProbeInput = components['schemas']['ProbeInput'];
export type Problem = components['schemas']['Problem'];
export type ProblemTarget = components['schemas']['ProblemTarget'];
export type ReplayDeadLetters = components['schemas']['ReplayDeadLetters'];
export type RequestedLoad = components['schemas']['RequestedLoad'];
export type RequestLoad = components['schemas']['RequestLoad'];
export type RotateApiKey = components['schemas']['RotateApiKey'];
export type SavedSchedule = components['schemas']['SavedSchedule'];
export type Schedule = components['schemas']['Schedule'];
export type SchedulePage = components['schemas']['SchedulePage'];
export type SchedulePatch = components['schemas']['SchedulePatch'];
export type ScheduleRun = components['schemas']['ScheduleRun'];
export type ScheduleRunPage = components['schemas']['ScheduleRunPage'];
export type Slot = components['schemas']['Slot'];
export type Slots = components['schemas']['Slots'];
export type Snapshot = components['schemas']['Snapshot'];
export type SnapshotFigures = components['schemas']['SnapshotFigures'];
export type Snapshots = components['schemas']['Snapshots'];
export type SourceProbe = components['schemas']['SourceProbe'];
export type SourceSummary = components['schemas']['SourceSummary'];
export type StageCounts = components['schemas']['StageCounts'];
export type StreamTrouble = components['schemas']['StreamTrouble'];
export type SubmittedJob = components['schemas']['SubmittedJob'];
export type Subscription = components['schemas']['Subscription'];
export type SubscriptionDetail = components['schemas']['SubscriptionDetail'];
export type SubscriptionPage = components['schemas']['SubscriptionPage'];
export type SubscriptionRefusal = components['schemas']['SubscriptionRefusal'];
export type SubscriptionRefusalAnswer = components['schemas']['SubscriptionRefusalAnswer'];
export type SubscriptionReport = components['schemas']['SubscriptionReport'];
export type SubscriptionReportAnswer = components['schemas']['SubscriptionReportAnswer'];
export type TableColumns = components['schemas']['TableColumns'];
export type TableLoad = components['schemas']['TableLoad'];
export type TableLoads = components['schemas']['TableLoads'];
export type TailBegun = components['schemas']['TailBegun'];
export type TailError = components['schemas']['TailError'];
export type TailRows = components['schemas']['TailRows'];
export type UploadModule = components['schemas']['UploadModule'];
export type VertexFigures = components['schemas']['VertexFigures'];
export type $defs = Record<string, never>;
export interface operations {
    "ApiKeys.list": {
        parameters: {
            query?: {
                /** @description nextCursor of the answer before. */
                cursor?: string;
                /** @description Items in one answer. */
                limit?: number;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description API keys in the order of their making, revoked ones too. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ApiKeyPage"];
                };
            };
            /** @description What went wrong, and how to mend it. */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    "ApiKeys.create": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["CreateApiKey"];
            };
        };
        responses: {
            /** @description An API key with its secret. */
            201: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["IssuedApiKey"];
                };
            };
            /** @description What went wrong, and how to mend it. */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    "ApiKeys.revoke": {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description Id (ULID) or name. */
                id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description An API key, without its secret. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ApiKey"];
                };
            };
            /** @description What went wrong, and how to mend it. */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    "ApiKeys.rotate": {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description Id (ULID) or name. */
                id: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["RotateApiKey"];
            };
        };
        responses: {
            /** @description An API key with its secret. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["IssuedApiKey"];
                };
            };
            /** @description What went wrong, and how to mend it. */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    "Audit.list": {
        parameters: {
            query?: {
                /** @description What was done, such as dead_letter.discard. */
                action?: string;
                /** @description Who did it: id or name of an API key, or open, local, system. */
                actor?: string;
                /** @description nextCursor of the answer before. */
                cursor?: string;
                /** @description Items in one answer. */
                limit?: number;
                /** @description What became of it. */
                outcome?: "done" | "refused" | "failed" | "unknown";
                /** @description From this time on. */
                since?: string;
                /** @description What it was done to: job/ and the job's id. */
                target?: string;
                /** @description Before this time. */
                until?: string;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Entries of the audit log, the newest first. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["AuditPage"];
                };
            };
            /** @description What went wrong, and how to mend it. */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    "Connectors.list": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Every connector there is. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ConnectorList"];
                };
            };
            /** @description What went wrong, and how to mend it. */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    "Overview.events": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Everything at first (`fleet`), then what has changed (`changes`). A comment line comes every few seconds when nothing else does. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "text/event-stream": {
                        data: components["schemas"]["FleetEvent"];
                        /** @enum {string} */
                        event: "fleet";
                    } | {
                        data: components["schemas"]["FleetChanges"];
                        /** @enum {string} */
                        event: "changes";
                    } | {
                        data: components["schemas"]["StreamTrouble"];
                        /** @enum {string} */
                        event: "trouble";
                    };
                };
            };
            /** @description What went wrong, and how to mend it. */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    "Access.firstKey": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["CreateFirstKey"];
            };
        };
        responses: {
            /** @description An API key with its secret. */
            201: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["IssuedApiKey"];
                };
            };
            /** @description What went wrong, and how to mend it. */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    "Jobs.list": {
        parameters: {
            query?: {
                /** @description nextCursor of the answer before. */
                cursor?: string;
                /** @description Items in one answer. */
                limit?: number;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Done. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["JobPage"];
                };
            };
            /** @description What went wrong, and how to mend it. */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    "Jobs.submit": {
        parameters: {
            query?: {
                /** @description false: the systems of the job are not asked whether they can do it. */
                check?: "true" | "false";
            };
            header?: {
                /** @description The same key with the same body gets the first answer again (kept for a day); with another body it is refused. */
                "Idempotency-Key"?: string;
            };
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["Pipeline"];
            };
        };
        responses: {
            /** @description The job as submitted. */
            201: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["SubmittedJob"];
                };
            };
            /** @description What went wrong, and how to mend it. */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    "Jobs.get": {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description Id (ULID) or name. */
                id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description A submitted pipeline and what became of it. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Job"];
                };
            };
            /** @description What went wrong, and how to mend it. */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    "Jobs.delete": {
        parameters: {
            query?: never;
            header?: {
                /** @description ETag of the resource as it was read; refused (412) when it has changed since. */
                "If-Match"?: string;
            };
            path: {
                /** @description Id (ULID) or name. */
                id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The job is gone; empty leftovers: so is everything it made elsewhere for its own use. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["DeletedJob"];
                };
            };
            /** @description What went wrong, and how to mend it. */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    "Jobs.cancel": {
        parameters: {
            query?: never;
            header?: {
                /** @description The same key with the same body gets the first answer again (kept for a day); with another body it is refused. */
                "Idempotency-Key"?: string;
            };
            path: {
                /** @description Id (ULID) or name. */
                id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description A submitted pipeline and what became of it. */
            202: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Job"];
                };
            };
            /** @description What went wrong, and how to mend it. */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    "DeadLetters.list": {
        parameters: {
            query?: {
                /** @description nextCursor of the answer before. */
                cursor?: string;
                /** @description Key columns, or some of them, as a JSON object of texts: {"id":"42"} */
                key?: string;
                /** @description Items in one answer. */
                limit?: number;
                /** @description Which come first. */
                order?: "newest" | "oldest";
                /** @description Error code. */
                reason?: string;
                stage?: string;
                /** @description open waits for somebody; replaying for the job. */
                state?: "open" | "replaying" | "replayed" | "discarded";
                /** @description Table of the source: public.orders */
                table?: string;
            };
            header?: never;
            path: {
                /** @description Id (ULID) or name. */
                id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Done. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["DeadLetterPage"];
                };
            };
            /** @description What went wrong, and how to mend it. */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    "DeadLetters.get": {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description Id (ULID) or name. */
                id: string;
                /** @description Stage and number: copy.17 */
                letterId: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description A record that a stage set aside. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["DeadLetterDetail"];
                };
            };
            /** @description What went wrong, and how to mend it. */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    "DeadLetters.edit": {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description Id (ULID) or name. */
                id: string;
                /** @description Stage and number: copy.17 */
                letterId: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["DeadLetterEdit"];
            };
        };
        responses: {
            /** @description A record that a stage set aside. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["DeadLetterDetail"];
                };
            };
            /** @description What went wrong, and how to mend it. */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    "DeadLetters.undoEdit": {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description Id (ULID) or name. */
                id: string;
                /** @description Stage and number: copy.17 */
                letterId: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description A record that a stage set aside. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["DeadLetterDetail"];
                };
            };
            /** @description What went wrong, and how to mend it. */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    "DeadLetters.cancelReplay": {
        parameters: {
            query?: never;
            header?: {
                /** @description The same key with the same body gets the first answer again (kept for a day); with another body it is refused. */
                "Idempotency-Key"?: string;
            };
            path: {
                /** @description Id (ULID) or name. */
                id: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["CancelReplay"];
            };
        };
        responses: {
            /** @description What was done, or would be. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["DeadLetterOutcome"];
                };
            };
            /** @description What went wrong, and how to mend it. */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    "DeadLetters.discard": {
        parameters: {
            query?: never;
            header?: {
                /** @description The same key with the same body gets the first answer again (kept for a day); with another body it is refused. */
                "Idempotency-Key"?: string;
            };
            path: {
                /** @description Id (ULID) or name. */
                id: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["DiscardDeadLetters"];
            };
        };
        responses: {
            /** @description What was done, or would be. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["DeadLetterOutcome"];
                };
            };
            /** @description What went wrong, and how to mend it. */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    "DeadLetters.groups": {
        parameters: {
            query?: {
                /** @description Key columns, or some of them, as a JSON object of texts: {"id":"42"} */
                key?: string;
                /** @description Error code. */
                reason?: string;
                stage?: string;
                /** @description open waits for somebody; replaying for the job. */
                state?: "open" | "replaying" | "replayed" | "discarded";
                /** @description Table of the source: public.orders */
                table?: string;
            };
            header?: never;
            path: {
                /** @description Id (ULID) or name. */
                id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Letters by stage, reason and table; most open ones first, 200 groups. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["DeadLetterGroups"];
                };
            };
            /** @description What went wrong, and how to mend it. */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    "DeadLetters.replay": {
        parameters: {
            query?: never;
            header?: {
                /** @description The same key with the same body gets the first answer again (kept for a day); with another body it is refused. */
                "Idempotency-Key"?: string;
            };
            path: {
                /** @description Id (ULID) or name. */
                id: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["ReplayDeadLetters"];
            };
        };
        responses: {
            /** @description What was done, or would be. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["DeadLetterOutcome"];
                };
            };
            /** @description What went wrong, and how to mend it. */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    "JobLive.events": {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description Id (ULID) or name. */
                id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description What is so at first, then what has changed, once a second. A comment line comes every few seconds when nothing else does. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "text/event-stream": {
                        data: components["schemas"]["JobState"];
                        /** @enum {string} */
                        event: "job";
                    } | {
                        data: components["schemas"]["JobFigures"];
                        /** @enum {string} */
                        event: "figures";
                    } | {
                        data: components["schemas"]["NoFigures"];
                        /** @enum {string} */
                        event: "nobody";
                    } | {
                        data: components["schemas"]["SnapshotFigures"];
                        /** @enum {string} */
                        event: "snapshot";
                    } | {
                        data: components["schemas"]["Executions"];
                        /** @enum {string} */
                        event: "executions";
                    } | {
                        data: components["schemas"]["JobGone"];
                        /** @enum {string} */
                        event: "deleted";
                    } | {
                        data: components["schemas"]["StreamTrouble"];
                        /** @enum {string} */
                        event: "trouble";
                    };
                };
            };
            /** @description What went wrong, and how to mend it. */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    "JobLive.list": {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description Id (ULID) or name. */
                id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The newest first; the last hundred are kept. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Executions"];
                };
            };
            /** @description What went wrong, and how to mend it. */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    "JobLive.history": {
        parameters: {
            query?: {
                /** @description Metrics with commas between; all without: inPerSecond, outPerSecond, lagMs, lagP99Ms, lagBytes, queueFill, blocked, stateBytes, snapshotMs, snapshotBytes. */
                metric?: string;
            };
            header?: never;
            path: {
                /** @description Id (ULID) or name. */
                id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The last hour of a job, for charts. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["JobHistory"];
                };
            };
            /** @description What went wrong, and how to mend it. */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    "TableLoads.list": {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description Id (ULID) or name. */
                id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Requests to load tables of a job again, the newest first; the last 100. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["TableLoads"];
                };
            };
            /** @description What went wrong, and how to mend it. */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    "TableLoads.request": {
        parameters: {
            query?: never;
            header?: {
                /** @description The same key with the same body gets the first answer again (kept for a day); with another body it is refused. */
                "Idempotency-Key"?: string;
            };
            path: {
                /** @description Id (ULID) or name. */
                id: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["RequestLoad"];
            };
        };
        responses: {
            /** @description What was asked for, and what it does. */
            202: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["RequestedLoad"];
                };
            };
            /** @description What went wrong, and how to mend it. */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    "Jobs.metrics": {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description Id (ULID) or name. */
                id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Figures of the running execution, renewed every second. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["JobFigures"];
                };
            };
            /** @description What went wrong, and how to mend it. */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    "Jobs.restart": {
        parameters: {
            query?: never;
            header?: {
                /** @description The same key with the same body gets the first answer again (kept for a day); with another body it is refused. */
                "Idempotency-Key"?: string;
            };
            path: {
                /** @description Id (ULID) or name. */
                id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description A submitted pipeline and what became of it. */
            202: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Job"];
                };
            };
            /** @description What went wrong, and how to mend it. */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    "Jobs.resume": {
        parameters: {
            query?: never;
            header?: {
                /** @description The same key with the same body gets the first answer again (kept for a day); with another body it is refused. */
                "Idempotency-Key"?: string;
            };
            path: {
                /** @description Id (ULID) or name. */
                id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description A submitted pipeline and what became of it. */
            202: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Job"];
                };
            };
            /** @description What went wrong, and how to mend it. */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    "JobLive.snapshots": {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description Id (ULID) or name. */
                id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The newest first; the figures of the last hundred are kept. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Snapshots"];
                };
            };
            /** @description What went wrong, and how to mend it. */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    "Jobs.suspend": {
        parameters: {
            query?: never;
            header?: {
                /** @description The same key with the same body gets the first answer again (kept for a day); with another body it is refused. */
                "Idempotency-Key"?: string;
            };
            path: {
                /** @description Id (ULID) or name. */
                id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description A submitted pipeline and what became of it. */
            202: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Job"];
                };
            };
            /** @description What went wrong, and how to mend it. */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    "JobLive.tables": {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description Id (ULID) or name. */
                id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Tables of all source stages of a job, in the order of its document. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["JobTables"];
                };
            };
            /** @description What went wrong, and how to mend it. */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    "Tail.ofJob": {
        parameters: {
            query?: {
                /** @description Number of an edge, instead of a vertex. */
                edge?: string;
                /** @description Only rows of which this is true, in the language of a job's filter: after.total > 100. */
                filter?: string;
                /** @description Rows that leave it; of a sink: rows that reach it. */
                vertex?: string;
            };
            header?: never;
            path: {
                /** @description Id (ULID) or name. */
                id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description What is looked at (`begun`), then samples. A comment line comes every few seconds when nothing else does. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "text/event-stream": {
                        data: components["schemas"]["TailBegun"];
                        /** @enum {string} */
                        event: "begun";
                    } | {
                        data: components["schemas"]["TailRows"];
                        /** @enum {string} */
                        event: "rows";
                    } | {
                        data: components["schemas"]["TailError"];
                        /** @enum {string} */
                        event: "failed";
                    };
                };
            };
            /** @description What went wrong, and how to mend it. */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    "Jobs.plan": {
        parameters: {
            query?: {
                /** @description json, or a drawing: text, dot (Graphviz), mermaid. */
                format?: "json" | "text" | "dot" | "mermaid";
            };
            header?: {
                /** @description The same key with the same body gets the first answer again (kept for a day); with another body it is refused. */
                "Idempotency-Key"?: string;
            };
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["Pipeline"];
            };
        };
        responses: {
            /** @description The DAG of a job: vertices with what runs fused in each and why, and edges. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["JobPlan"];
                };
            };
            /** @description What went wrong, and how to mend it. */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    "Access.me": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Who calls, and what he may do. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Me"];
                };
            };
            /** @description What went wrong, and how to mend it. */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    "Members.list": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The workers of the cluster. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Members"];
                };
            };
            /** @description What went wrong, and how to mend it. */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    "Members.drain": {
        parameters: {
            query?: never;
            header?: {
                /** @description The same key with the same body gets the first answer again (kept for a day); with another body it is refused. */
                "Idempotency-Key"?: string;
            };
            path: {
                /** @description Name of the member. */
                id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description A worker that is there. */
            202: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Member"];
                };
            };
            /** @description What went wrong, and how to mend it. */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    "Members.undo": {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description Name of the member. */
                id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description A worker that is there. */
            202: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Member"];
                };
            };
            /** @description What went wrong, and how to mend it. */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    "Modules.list": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Uploaded modules, the newest first. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ModuleList"];
                };
            };
            /** @description What went wrong, and how to mend it. */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    "Modules.upload": {
        parameters: {
            query?: never;
            header?: {
                /** @description The same key with the same body gets the first answer again (kept for a day); with another body it is refused. */
                "Idempotency-Key"?: string;
            };
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["UploadModule"];
            };
        };
        responses: {
            /** @description An uploaded module. */
            201: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Module"];
                };
            };
            /** @description What went wrong, and how to mend it. */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    "Modules.get": {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description Id (ULID) or name. */
                id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description An uploaded module. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Module"];
                };
            };
            /** @description What went wrong, and how to mend it. */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    "Modules.delete": {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description Id (ULID) or name. */
                id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Done; no body. */
            204: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description What went wrong, and how to mend it. */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    "Modules.code": {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description Id (ULID) or name. */
                id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Code of a module. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ModuleCode"];
                };
            };
            /** @description What went wrong, and how to mend it. */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    "Overview.overview": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The fleet: is anything wrong, since when, what to do; and how it goes. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Overview"];
                };
            };
            /** @description What went wrong, and how to mend it. */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    "Schedules.list": {
        parameters: {
            query?: {
                /** @description nextCursor of the answer before. */
                cursor?: string;
                /** @description Items in one answer. */
                limit?: number;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Done. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["SchedulePage"];
                };
            };
            /** @description What went wrong, and how to mend it. */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    "Schedules.create": {
        parameters: {
            query?: {
                /** @description false: the systems of the job are not asked whether they can do it. */
                check?: "true" | "false";
            };
            header?: {
                /** @description The same key with the same body gets the first answer again (kept for a day); with another body it is refused. */
                "Idempotency-Key"?: string;
            };
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["CreateSchedule"];
            };
        };
        responses: {
            /** @description The schedule as it is now. */
            201: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["SavedSchedule"];
                };
            };
            /** @description What went wrong, and how to mend it. */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    "Schedules.get": {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description Id (ULID) or name. */
                id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description A job that is submitted again and again. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Schedule"];
                };
            };
            /** @description What went wrong, and how to mend it. */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    "Schedules.delete": {
        parameters: {
            query?: never;
            header?: {
                /** @description ETag of the resource as it was read; refused (412) when it has changed since. */
                "If-Match"?: string;
            };
            path: {
                /** @description Id (ULID) or name. */
                id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Done; no body. */
            204: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description What went wrong, and how to mend it. */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    "Schedules.patch": {
        parameters: {
            query?: {
                /** @description false: the systems of the job are not asked whether they can do it. */
                check?: "true" | "false";
            };
            header?: {
                /** @description ETag of the resource as it was read; refused (412) when it has changed since. */
                "If-Match"?: string;
            };
            path: {
                /** @description Id (ULID) or name. */
                id: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["SchedulePatch"];
            };
        };
        responses: {
            /** @description The schedule as it is now. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["SavedSchedule"];
                };
            };
            /** @description What went wrong, and how to mend it. */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    "Schedules.resume": {
        parameters: {
            query?: never;
            header?: {
                /** @description The same key with the same body gets the first answer again (kept for a day); with another body it is refused. */
                "Idempotency-Key"?: string;
            };
            path: {
                /** @description Id (ULID) or name. */
                id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description A job that is submitted again and again. */
            202: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Schedule"];
                };
            };
            /** @description What went wrong, and how to mend it. */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    "Schedules.run": {
        parameters: {
            query?: never;
            header?: {
                /** @description The same key with the same body gets the first answer again (kept for a day); with another body it is refused. */
                "Idempotency-Key"?: string;
            };
            path: {
                /** @description Id (ULID) or name. */
                id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description What became of a tick. */
            202: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ScheduleRun"];
                };
            };
            /** @description What went wrong, and how to mend it. */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    "Schedules.runs": {
        parameters: {
            query?: {
                /** @description nextCursor of the answer before. */
                cursor?: string;
                /** @description Items in one answer. */
                limit?: number;
            };
            header?: never;
            path: {
                /** @description Id (ULID) or name. */
                id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Runs of a schedule, the newest first. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ScheduleRunPage"];
                };
            };
            /** @description What went wrong, and how to mend it. */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    "Schedules.suspend": {
        parameters: {
            query?: never;
            header?: {
                /** @description The same key with the same body gets the first answer again (kept for a day); with another body it is refused. */
                "Idempotency-Key"?: string;
            };
            path: {
                /** @description Id (ULID) or name. */
                id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description A job that is submitted again and again. */
            202: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Schedule"];
                };
            };
            /** @description What went wrong, and how to mend it. */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    "Access.beginSession": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["CreateSession"];
            };
        };
        responses: {
            /** @description Who calls, and what he may do. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Me"];
                };
            };
            /** @description What went wrong, and how to mend it. */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    "Access.endSession": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Done; no body. */
            204: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description What went wrong, and how to mend it. */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    "Sinks.list": {
        parameters: {
            query?: {
                /** @description nextCursor of the answer before. */
                cursor?: string;
                /** @description Items in one answer. */
                limit?: number;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Done. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["DefinitionPage"];
                };
            };
            /** @description What went wrong, and how to mend it. */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    "Sinks.create": {
        parameters: {
            query?: never;
            header?: {
                /** @description The same key with the same body gets the first answer again (kept for a day); with another body it is refused. */
                "Idempotency-Key"?: string;
            };
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["DefinitionInput"];
            };
        };
        responses: {
            /** @description A registered source or sink. */
            201: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Definition"];
                };
            };
            /** @description What went wrong, and how to mend it. */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    "Sinks.get": {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description Id (ULID) or name. */
                id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description A registered source or sink. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Definition"];
                };
            };
            /** @description What went wrong, and how to mend it. */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    "Sinks.delete": {
        parameters: {
            query?: never;
            header?: {
                /** @description ETag of the resource as it was read; refused (412) when it has changed since. */
                "If-Match"?: string;
            };
            path: {
                /** @description Id (ULID) or name. */
                id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Done; no body. */
            204: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description What went wrong, and how to mend it. */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    "Sinks.update": {
        parameters: {
            query?: never;
            header?: {
                /** @description ETag of the resource as it was read; refused (412) when it has changed since. */
                "If-Match"?: string;
            };
            path: {
                /** @description Id (ULID) or name. */
                id: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["DefinitionPatch"];
            };
        };
        responses: {
            /** @description A registered source or sink. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Definition"];
                };
            };
            /** @description What went wrong, and how to mend it. */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    "Sinks.check": {
        parameters: {
            query?: never;
            header?: {
                /** @description The same key with the same body gets the first answer again (kept for a day); with another body it is refused. */
                "Idempotency-Key"?: string;
            };
            path: {
                /** @description Id (ULID) or name. */
                id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Result of a preflight. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Check"];
                };
            };
            /** @description What went wrong, and how to mend it. */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    "Sinks.probe": {
        parameters: {
            query?: never;
            header?: {
                /** @description The same key with the same body gets the first answer again (kept for a day); with another body it is refused. */
                "Idempotency-Key"?: string;
            };
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["ProbeInput"];
            };
        };
        responses: {
            /** @description Result of a preflight. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Check"];
                };
            };
            /** @description What went wrong, and how to mend it. */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    "Sources.list": {
        parameters: {
            query?: {
                /** @description nextCursor of the answer before. */
                cursor?: string;
                /** @description Items in one answer. */
                limit?: number;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Done. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["DefinitionPage"];
                };
            };
            /** @description What went wrong, and how to mend it. */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    "Sources.create": {
        parameters: {
            query?: never;
            header?: {
                /** @description The same key with the same body gets the first answer again (kept for a day); with another body it is refused. */
                "Idempotency-Key"?: string;
            };
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["DefinitionInput"];
            };
        };
        responses: {
            /** @description A registered source or sink. */
            201: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Definition"];
                };
            };
            /** @description What went wrong, and how to mend it. */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    "Sources.get": {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description Id (ULID) or name. */
                id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description A registered source or sink. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Definition"];
                };
            };
            /** @description What went wrong, and how to mend it. */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    "Sources.delete": {
        parameters: {
            query?: never;
            header?: {
                /** @description ETag of the resource as it was read; refused (412) when it has changed since. */
                "If-Match"?: string;
            };
            path: {
                /** @description Id (ULID) or name. */
                id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Done; no body. */
            204: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description What went wrong, and how to mend it. */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    "Sources.update": {
        parameters: {
            query?: never;
            header?: {
                /** @description ETag of the resource as it was read; refused (412) when it has changed since. */
                "If-Match"?: string;
            };
            path: {
                /** @description Id (ULID) or name. */
                id: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["DefinitionPatch"];
            };
        };
        responses: {
            /** @description A registered source or sink. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Definition"];
                };
            };
            /** @description What went wrong, and how to mend it. */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    "Sources.check": {
        parameters: {
            query?: never;
            header?: {
                /** @description The same key with the same body gets the first answer again (kept for a day); with another body it is refused. */
                "Idempotency-Key"?: string;
            };
            path: {
                /** @description Id (ULID) or name. */
                id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Result of a preflight. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Check"];
                };
            };
            /** @description What went wrong, and how to mend it. */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    "Sources.columns": {
        parameters: {
            query?: {
                /** @description Tables with their schema, with commas between: public.orders,public.customers. */
                tables?: string;
            };
            header?: never;
            path: {
                /** @description Id (ULID) or name. */
                id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Columns of tables as their changes have them. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["TableColumns"];
                };
            };
            /** @description What went wrong, and how to mend it. */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    "Sources.slots": {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description Id (ULID) or name. */
                id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Slots of jobs in the database of a source, and orphans. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Slots"];
                };
            };
            /** @description What went wrong, and how to mend it. */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    "Sources.dropSlot": {
        parameters: {
            query?: {
                /** @description The name of the slot once more. */
                confirm?: string;
            };
            header?: never;
            path: {
                /** @description Id (ULID) or name. */
                id: string;
                /** @description Name of the slot. */
                slot: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Done; no body. */
            204: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description What went wrong, and how to mend it. */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    "Sources.tables": {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description Id (ULID) or name. */
                id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Tables of a source, by name. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["DiscoveredTables"];
                };
            };
            /** @description What went wrong, and how to mend it. */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    "Tail.ofSource": {
        parameters: {
            query?: {
                /** @description Only rows of which this is true, in the language of a job's filter: after.total > 100. */
                filter?: string;
            };
            header?: never;
            path: {
                /** @description Id (ULID) or name. */
                id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Which job is looked at (`begun`), then samples. A comment line comes every few seconds when nothing else does. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "text/event-stream": {
                        data: components["schemas"]["TailBegun"];
                        /** @enum {string} */
                        event: "begun";
                    } | {
                        data: components["schemas"]["TailRows"];
                        /** @enum {string} */
                        event: "rows";
                    } | {
                        data: components["schemas"]["TailError"];
                        /** @enum {string} */
                        event: "failed";
                    };
                };
            };
            /** @description What went wrong, and how to mend it. */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    "Sources.probe": {
        parameters: {
            query?: never;
            header?: {
                /** @description The same key with the same body gets the first answer again (kept for a day); with another body it is refused. */
                "Idempotency-Key"?: string;
            };
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["ProbeInput"];
            };
        };
        responses: {
            /** @description What a source that is not registered lacks, and its tables. Nothing is kept. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["SourceProbe"];
                };
            };
            /** @description What went wrong, and how to mend it. */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    "Subscriptions.list": {
        parameters: {
            query?: {
                /** @description nextCursor of the answer before. */
                cursor?: string;
                /** @description Items in one answer. */
                limit?: number;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Done. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["SubscriptionPage"];
                };
            };
            /** @description What went wrong, and how to mend it. */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    "Subscriptions.create": {
        parameters: {
            query?: {
                /** @description false: the systems of the job are not asked whether they can do it. */
                check?: "true" | "false";
            };
            header?: {
                /** @description The same key with the same body gets the first answer again (kept for a day); with another body it is refused. */
                "Idempotency-Key"?: string;
            };
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["CreateSubscription"];
            };
        };
        responses: {
            /** @description Done. */
            201: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["CreatedSubscription"];
                };
            };
            /** @description What went wrong, and how to mend it. */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    "Subscriptions.get": {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description Id (ULID) or name. */
                id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Done. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["SubscriptionDetail"];
                };
            };
            /** @description What went wrong, and how to mend it. */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    "Subscriptions.delete": {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description Id (ULID) or name. */
                id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The job is gone; empty leftovers: so is everything it made elsewhere for its own use. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["DeletedJob"];
                };
            };
            /** @description What went wrong, and how to mend it. */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    "Delivery.events": {
        parameters: {
            query?: {
                /** @description ULID that the instance of the service has chosen for itself. */
                instance?: string;
            };
            header?: never;
            path: {
                /** @description Id (ULID) or name. */
                id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Done; no body. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description What went wrong, and how to mend it. */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    "Delivery.refuse": {
        parameters: {
            query?: never;
            header?: {
                /** @description The same key with the same body gets the first answer again (kept for a day); with another body it is refused. */
                "Idempotency-Key"?: string;
            };
            path: {
                /** @description Id (ULID) or name. */
                id: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["SubscriptionRefusal"];
            };
        };
        responses: {
            /** @description Done. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["SubscriptionRefusalAnswer"];
                };
            };
            /** @description What went wrong, and how to mend it. */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    "Delivery.report": {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description Id (ULID) or name. */
                id: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["SubscriptionReport"];
            };
        };
        responses: {
            /** @description Done. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["SubscriptionReportAnswer"];
                };
            };
            /** @description What went wrong, and how to mend it. */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    "Health.live": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description All is well. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Health"];
                };
            };
            /** @description What went wrong, and how to mend it. */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    "Metrics.metrics": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Text format 0.0.4; docs/metrics.md has the list. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "text/plain": string;
                };
            };
            /** @description What went wrong, and how to mend it. */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    "Health.ready": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description All is well. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Health"];
                };
            };
            /** @description What went wrong, and how to mend it. */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
}
