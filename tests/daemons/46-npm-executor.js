// An executor made of the unmodified npm package; the agent starts it.
const fs = require("fs");
const { Executor } = require("mesos-framework");

const log = (text) => fs.appendFileSync("seen", text + "\n");

function tell(id, state) {
    // uuid 4, 16 bytes
    const u = require("crypto").randomBytes(16);
    u[6] = (u[6] & 0x0f) | 0x40;
    u[8] = (u[8] & 0x3f) | 0x80;
    executor.update({
        task_id: { value: id }, state: state, source: "SOURCE_EXECUTOR",
        executor_id: { value: process.env.MESOS_EXECUTOR_ID }, uuid: u.toString("base64"),
    });
}

const executor = new Executor({
    handlers: {
        SUBSCRIBED: function (e) { log("SUBSCRIBED " + e.executor_info.executor_id.value); },
        LAUNCH: function (e) {
            const id = e.task.task_id.value;
            log("LAUNCH " + id);
            tell(id, "TASK_RUNNING");
            setTimeout(() => tell(id, "TASK_FINISHED"), 200);
        },
        KILL: function (e) { tell(e.task_id.value, "TASK_KILLED"); },
        ACKNOWLEDGED: function (e) { log("ACKNOWLEDGED " + e.task_id.value); },
        MESSAGE: function (e) { executor.message("echo: " + Buffer.from(e.data, "base64").toString()); },
        ERROR: function (e) { log("ERROR"); },
        SHUTDOWN: function (e) { log("SHUTDOWN"); process.exit(0); },
    },
});
executor.on("error", (e) => log("error " + JSON.stringify(e)));
executor.subscribe();
