/*
 * limits.h - every bound, with its reason. A queue without a bound is a bug.
 */
#ifndef COMMON_LIMITS_H
#define COMMON_LIMITS_H

/* --- HTTP ------------------------------------------------------------- */

/* Longest request line: method, target and version. Mesos' longest targets are
 * file paths of 4 KiB, percent-encoded. */
#define HTTP_REQUEST_LINE_MAX (16 * 1024)
/* All headers of one message together. */
#define HTTP_HEADERS_MAX      (64 * 1024)
#define HTTP_HEADER_COUNT_MAX 128
/* A gathered body, after decompression. An ACCEPT with thousands of tasks is a
 * few MB. */
#define HTTP_BODY_MAX (64 * 1024 * 1024)
/* A body may not inflate to more than this times its size (after 1 MB). */
#define HTTP_GZIP_RATIO_MAX 200
/* A connection without a request under way. */
#define HTTP_IDLE_TIMEOUT_MS (10 * 60 * 1000)
/* From the first byte of a head to its last: slow-loris. Also for the TLS
 * handshake. */
#define HTTP_HEAD_TIMEOUT_MS (15 * 1000)
/* Between two pieces of a body. */
#define HTTP_BODY_TIMEOUT_MS (60 * 1000)
/* A client that doesn't take its answer. */
#define HTTP_WRITE_TIMEOUT_MS		 (60 * 1000)
#define HTTP_CONNECTIONS_PER_ADDRESS_MAX 12000
/* Requests of one connection that wait for their answers. */
#define HTTP_PIPELINE_MAX 128
/* And those of them that are GETs: each of their answers may be many MB. */
#define HTTP_PIPELINE_GETS_MAX 16
/* Unsent bytes of whole answers before a connection's next requests wait. */
#define HTTP_PIPELINE_QUEUE_MAX (1024 * 1024)
/* Clients over their number of connections that are told so; more are closed
 * without a word. */
#define HTTP_REFUSED_MAX 64
/* No more files can be opened: how long nobody is accepted. */
#define HTTP_ACCEPT_PAUSE_MS 500
/* So many clients at once leave holes in the heap where their handshakes were:
 * the kernel gets them back when it has been quiet for a while. */
#define HTTP_TRIM_AFTER	   512
#define HTTP_TRIM_DELAY_MS 1000
/* Clients accepted in one pass of the loop. */
#define HTTP_ACCEPT_MAX 64
/* Unsent bytes of a stream, at which its reader is cut off with the next piece.
 */
#define HTTP_STREAM_QUEUE_MAX (16 * 1024 * 1024)
/* Smaller answers are not worth compressing (Mesos: 1024). */
#define HTTP_GZIP_MIN	       1024
#define HTTP_CLIENT_TIMEOUT_MS (30 * 1000)
/* An answer that a client gathers (a /state of a big cluster). */
#define HTTP_ANSWER_MAX (256 * 1024 * 1024)

/* --- connections ------------------------------------------------------- */

/* Bytes that one connection may read before others get their turn. */
#define CONN_READ_MAX (64 * 1024)
/* And send. */
#define CONN_WRITE_MAX (256 * 1024)
/* How long a finished connection waits for the peer to have read all: closing
 * with unread input would reset it, and the last answer be lost. */
#define CONN_LINGER_MS 2000

/* --- messages --------------------------------------------------------- */

/* Nesting of a protobuf message; ContainerID is the only recursive one, its
 * pid namespaces nest 32 deep. */
#define MSG_DEPTH_MAX 100
/* Memory of an unpacked message by its size, plus 64 KiB. */
#define MSG_ARENA_FACTOR 64
/* Nesting of JSON (Mesos: 200). */
#define PBJSON_DEPTH_MAX 200
/* Values in one JSON text: each takes some 100 bytes while it is read. 10,000
 * tasks of 150 values fit. */
#define PBJSON_VALUES_MAX 2000000
/* One record of a stream that we read (a client's view of /state can be big). */
#define RECORDIO_RECORD_MAX (256 * 1024 * 1024)

/* --- master and agent -------------------------------------------------- */

/* One frame between master and agent; a re-registration with 10,000 tasks of
 * 5 KB fits. */
#define LINK_FRAME_MAX (128 * 1024 * 1024)
/* An agent's waits between attempts to reach a master: the first and the
 * longest. 50,000 agents that come back within half a second are 100,000
 * handshakes a second, which no master makes; doubling spreads them. */
#define UPLINK_REDIAL_MIN_MS 500
#define UPLINK_REDIAL_MAX_MS (15 * 1000)
/* Unsent bytes before the other side is held for dead. */
#define LINK_QUEUE_MAX (256 * 1024 * 1024)
/* What an agent keeps for reports (Mesos: 50, 200). */
#define AGENT_COMPLETED_FRAMEWORKS_MAX 50
#define AGENT_COMPLETED_TASKS_MAX      200 /* of one executor */
/* States of one task that reports show. */
#define AGENT_TASK_HISTORY_MAX 16
/* Updates of one task that wait for acknowledgement; a scheduler that is away
 * for days gets them all, a mad executor is told to wait. */
#define AGENT_UPDATES_MAX 10000
/* Acknowledged updates of one task that are known again when its executor
 * repeats them; it repeats only what it has not heard about. */
#define AGENT_ACKED_UUIDS_MAX 64
/* Sandboxes of ended runs that wait for gc_delay; the oldest go earlier. */
#define AGENT_SANDBOXES_MAX 100000
/* Ids of frameworks, tasks, executors (Mesos: file names). */
#define ID_MAX 255
/* A role's path. Mesos has no bound; paths are kept, hashed and printed. */
#define ROLE_MAX 1024
/* Objects in one list of resources that is read: adding is linear per object.
 * Agents with hundreds of volumes fit. */
#define RES_OBJECTS_MAX 2048
/* Of one agent; they are copied into every offer of it. */
#define ATTRIBUTES_MAX 1024
/* Reservations stacked on one resource; each is one level of a role. */
#define RES_REFINEMENTS_MAX 64
/* Roles of one framework: each is offered by itself, and lists of them are
 * walked. */
#define FRAMEWORK_ROLES_MAX 1024
/* One TaskInfo with its executor, and one FrameworkInfo. A RUN_TASK holds one of
 * each and a re-registration those of all tasks of an agent but for `data`: they
 * must fit a frame. */
#define TASK_INFO_MAX	   (4 * 1024 * 1024)
#define FRAMEWORK_INFO_MAX (1024 * 1024)
/* History of one task's statuses: an executor may go to and fro for ever. */
#define TASK_STATUSES_MAX 64
/* Attempts of events in one turn before effects must leave. */
#define TURN_EVENTS_MAX 1024
/* What may gather in memory while a commit is under way. */
#define LOOP_PENDING_MAX (64 * 1024 * 1024)
/* For the last bytes to leave after the decision to stop. */
#define LOOP_LINGER_MS 2000

/* --- containers -------------------------------------------------------- */

/* Less memory than this and nothing starts (Mesos). */
#define CONTAINER_MEM_MB_MIN 32
/* Processes and threads of one container: a quarter of a machine with the
 * kernel's smallest pid_max, so that a fork bomb leaves room to kill it. */
#define CONTAINER_PIDS_MAX 8192
/* What doesn't die of SIGKILL (a task in the kernel, on a broken disk) is told
 * to the log this often, and tried again this often. */
#define CONTAINER_DESTROY_WARN_MS  (60 * 1000)
#define CONTAINER_DESTROY_RETRY_MS 1000

/* --- files API ---------------------------------------------------------- */

/* One answer of /files/read and READ_FILE (Mesos: 16 pages). */
#define FILES_READ_MAX (64 * 1024)
/* One piece of a download, and what may wait unsent before the next is read. */
#define FILES_CHUNK_MAX	     (256 * 1024)
#define FILES_DOWNLOAD_QUEUE (1024 * 1024)
/* Entries of one listing. */
#define FILES_BROWSE_MAX 100000

/* --- options ------------------------------------------------------------- */

/* A --config file, or the file of a file:// value (JSON of resources). */
#define CONF_FILE_MAX (1024 * 1024)

#endif
