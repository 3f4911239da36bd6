// The npm package mesos-framework, unmodified: its scheduler runs command tasks.
'use strict';
const { Scheduler, Mesos } = require('mesos-framework');
const mesos = Mesos.getMesos();
const [host, port] = process.env.V1_ADDRESS.split(':');
const seen = {};
let failed = false;

function ok(fact, text) {
	console.log((fact ? 'ok - ' : 'not ok - ') + text);
	if (!fact)
		failed = true;
}

const scheduler = new Scheduler({
	masterUrl: host,
	port: port,
	frameworkName: 'npm',
	logging: { path: process.env.T, fileName: 'npm.log', level: 'error' },
	masterConnectionTimeout: 60,
	restartStates: ['TASK_FAILED', 'TASK_LOST', 'TASK_ERROR'],
	tasks: {
		counted: {
			priority: 1,
			instances: 3,
			commandInfo: new mesos.CommandInfo(null, null, true, 'echo from npm; sleep 0.2', null, null),
			resources: { cpus: 0.1, mem: 32, ports: 1, disk: 0 },
		},
	},
	handlers: {},
});

scheduler.on('ready', () => scheduler.subscribe());
scheduler.on('subscribed', (o) => {
	ok(o.frameworkId.length > 0, 'the scheduler subscribes');
	ok(o.mesosStreamId.length > 0, 'and is given a stream id');
});
scheduler.on('offers', (o) => { if (!seen.offers) { seen.offers = true; ok(o.offers.length > 0, 'it gets offers'); } });
scheduler.on('error', (e) => { console.log('# error: ' + (e.message || JSON.stringify(e))); seen.error = e; });
scheduler.on('update', (u) => {
	const id = u.status.task_id.value;
	console.log('# ' + id + ' ' + u.status.state);
	(seen[id] = seen[id] || []).push(u.status.state);
	const done = Object.keys(seen).filter((k) => Array.isArray(seen[k]) && seen[k].includes('TASK_FINISHED'));
	if (done.length === 3 && !seen.done) {
		seen.done = true;
		setTimeout(() => {
			ok(true, 'three tasks finish');
			ok(done.every((k) => seen[k].includes('TASK_RUNNING')), 'each was RUNNING before');
			ok(!seen.error, 'no error event came');
			scheduler.teardown();
			setTimeout(() => process.exit(failed ? 1 : 0), 500);
		}, 300);
	}
});
setTimeout(() => {
	ok(false, 'three tasks finish within a minute');
	process.exit(1);
}, 60000);
