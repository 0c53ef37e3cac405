"""The kernel, seen from a Jupyter client: run by kernel.test.ts, which installs the kernelspecs."""

import os
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

import jupyter_kernel_test
import nbformat
from jupyter_client.manager import start_new_kernel
from jupyter_kernel_test.msgspec_v5 import validate_message
from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionError

NOTEBOOKS = Path(__file__).parents[2] / "notebooks"
TIMEOUT = 30
# Takes longer to compile than a client takes to send its next message.
SLOW_TYPE = f"type Slow = {' | '.join(f'{{ kind: {i}; v{i}: number }}' for i in range(3000))};"
os.chdir(NOTEBOOKS)  # a kernel starts in the folder of its notebook


class Conformance(jupyter_kernel_test.KernelTests):
    """What the Jupyter project's own test asks of a kernel."""

    kernel_name = "tslab"
    language_name = "typescript"
    file_extension = ".ts"
    code_hello_world = "console.log('hello, world')"
    code_stderr = "console.error('oops')"
    code_generate_error = "throw new Error('on purpose')"
    code_execute_result = [
        {"code": "6 * 7", "result": "42"},
        {"code": "'a' + 'b'", "result": "'ab'"},
        {"code": "({ shape: [2, 3] })", "result": "{ shape: [ 2, 3 ] }"},
    ]
    code_display_data = [
        {"code": "require('tslab').display.html('<b>bold</b>')", "mime": "text/html"},
        {"code": "require('tslab').display.svg('<svg/>')", "mime": "image/svg+xml"},
    ]
    code_inspect_sample = "parseInt"
    code_history_pattern = "6 ? 7*"
    supported_history_operations = ("tail", "range", "search")
    completion_samples = [
        {"text": "Math.sqr", "matches": ["sqrt", "SQRT1_2", "SQRT2"]},
        {"text": "const s = '\U0001d410'; Number.isSafe", "matches": ["isSafeInteger"]},
    ]
    complete_code_samples = ["1 + 1", "function f() {}", "await later()", "(x: number) => x", ""]
    incomplete_code_samples = ["for (const x of xs) {", "f(", "const x =", "`text", "/* text"]
    invalid_code_samples = ["const x = )", "} {", "'text"]


class Result:
    """A cell's reply and output messages."""

    def __init__(self, reply, outputs):
        self.reply = reply["content"]
        self.status = self.reply["status"]
        self.types = [msg["msg_type"] for msg in outputs]
        self.contents = [msg["content"] for msg in outputs]

    def of(self, msg_type):
        return [c for t, c in zip(self.types, self.contents) if t == msg_type]

    def text(self, name="stdout"):
        return "".join(c["text"] for c in self.of("stream") if c["name"] == name)

    @property
    def data(self):
        [result] = self.of("execute_result")
        return result["data"]

    @property
    def traceback(self):
        [error] = self.of("error")
        assert {k: self.reply[k] for k in error} == error, "reply and message differ"
        return "\n".join(error["traceback"])


class Kernel:
    """A running kernel. Every message that comes from it is checked against the message schema."""

    def __init__(self, **options):
        self.manager, self.client = start_new_kernel(
            kernel_name="tslab", startup_timeout=TIMEOUT, **options
        )
        self.outputs = {}

    def stop(self):
        self.client.stop_channels()
        self.manager.shutdown_kernel()

    def send(self, code, **options):
        return self.client.execute(code, **options)

    def iopub(self, timeout=TIMEOUT):
        """The next message, which is also kept with the others that have the same parent."""
        msg = self.client.get_iopub_msg(timeout=timeout)
        validate_message(msg)
        self.outputs.setdefault(msg["parent_header"].get("msg_id"), []).append(msg)
        return msg

    def wait_for(self, msg_type):
        while True:
            msg = self.iopub()
            if msg["msg_type"] == msg_type:
                return msg
            assert msg["msg_type"] != "error", msg

    def reply(self, msg_id, get=None):
        while True:
            msg = (get or self.client.get_shell_msg)(timeout=TIMEOUT)
            if msg["parent_header"]["msg_id"] == msg_id:
                return msg
            assert msg["msg_type"] == "kernel_info_reply", f"unexpected {msg}"

    def finish(self, msg_id):
        """Waits for the end of a cell, which has to begin with busy and to end with idle."""

        def states():
            msgs = self.outputs.get(msg_id, [])
            return [m["content"]["execution_state"] for m in msgs if m["msg_type"] == "status"]

        while "idle" not in states():
            self.iopub()
        msgs = self.outputs[msg_id]
        assert msgs[0]["msg_type"] == "status" and states()[0] == "busy", msgs
        assert msgs[-1]["msg_type"] == "status" and states()[-1] == "idle", msgs
        outputs = [m for m in msgs if m["msg_type"] != "status"]
        return Result(self.reply(msg_id), outputs)

    def run(self, code, **options):
        return self.finish(self.send(code, **options))

    def run_interrupted(self, code, mark="started"):
        """Runs a cell and interrupts it as soon as it has printed `mark`."""
        msg_id = self.send(code)
        assert mark in self.wait_for("stream")["content"]["text"]
        self.manager.interrupt_kernel()
        return self.finish(msg_id)

    def interrupt(self):
        """Interrupts, and waits until the kernel has heard it."""
        request = self.client.session.msg("interrupt_request", {})
        self.client.control_channel.send(request)
        return self.reply(request["header"]["msg_id"], self.client.get_control_msg)

    def ask(self, msg_id):
        content = self.reply(msg_id)["content"]
        assert content["status"] == "ok", content
        return content


class KernelCase(unittest.TestCase):
    maxDiff = None

    @classmethod
    def setUpClass(cls):
        cls.kernel = Kernel()

    @classmethod
    def tearDownClass(cls):
        cls.kernel.stop()

    def run_ok(self, code, **options):
        result = self.kernel.run(code, **options)
        self.assertEqual(result.status, "ok", result.reply)
        return result

    def run_error(self, code, **options):
        result = self.kernel.run(code, **options)
        self.assertEqual(result.status, "error", result.reply)
        return result


class Errors(KernelCase):
    def number(self, result):
        return result.reply["execution_count"]

    def test_a_runtime_error_has_the_line_that_was_typed(self):
        result = self.run_error(
            """interface Head {
  name: string;
}
import {
  basename,
  join,
} from 'path';

// A comment, and types that leave nothing behind in the JavaScript.
type Heads = Head[];
const heads: Heads = [];

const first = heads[0] as Head;
basename(
  first
    .name,
);"""
        )
        n = self.number(result)
        self.assertEqual(
            result.traceback,
            "TypeError: Cannot read properties of undefined (reading 'name')\n"
            f"    at cell {n}, line 16\n"
            "        .name,",
        )
        self.assertEqual(result.reply["ename"], "TypeError")
        self.assertEqual(
            result.reply["evalue"], "Cannot read properties of undefined (reading 'name')"
        )
        self.assertEqual(result.types, ["execute_input", "error"])

    def test_an_error_on_the_first_line_is_on_line_1(self):
        for code in ["JSON.parse('{')", "await JSON.parse('{')", "let a: any = null; a.b = 1"]:
            result = self.run_error(f"{code}\n\n")
            self.assertIn(f"    at cell {self.number(result)}, line 1\n", result.traceback)

    def test_an_error_in_a_function_of_an_earlier_cell_names_that_cell(self):
        earlier = self.number(
            self.run_ok(
                """
class Scorer<T extends { size: number }> {
  constructor(private readonly key: T) {}

  score(): number {
    return divide(1, this.key.size);
  }
}

function divide(a: number, b: number): number {
  if (b === 0)
    throw new RangeError(
      'division by zero');
  return a / b;
}"""
            )
        )
        result = self.run_error(
            "// first\nconst scorer = new Scorer({ size: 0 });\n\nscorer.score();"
        )
        self.assertEqual(
            result.traceback,
            "RangeError: division by zero\n"
            f"    at divide (cell {earlier}, line 12)\n"
            "        throw new RangeError(\n"
            f"    at Scorer.score (cell {earlier}, line 6)\n"
            "        return divide(1, this.key.size);\n"
            f"    at cell {self.number(result)}, line 4\n"
            "        scorer.score();",
        )

    def test_an_asynchronous_error_names_the_cells_that_waited_for_it(self):
        earlier = self.number(
            self.run_ok(
                """async function load(
  name: string,
): Promise<string> {

  await new Promise((resolve) => setTimeout(resolve, 1));
  throw new Error(`no ${name}`);
}"""
            )
        )
        result = self.run_error("const text: string =\n  await load('corpus');")
        self.assertEqual(
            result.traceback,
            "Error: no corpus\n"
            f"    at load (cell {earlier}, line 6)\n"
            "        throw new Error(`no ${name}`);\n"
            f"    at async cell {self.number(result)}, line 2\n"
            "        await load('corpus');",
        )

    def test_an_error_deep_in_a_library_keeps_the_cell_and_drops_the_inside_of_node(self):
        result = self.run_error(
            "import { readFileSync } from 'fs';\n\n"
            "const text: string = readFileSync('/nowhere', 'utf8');"
        )
        n = self.number(result)
        self.assertEqual(
            result.traceback.split("\n")[1:],
            [
                f"    at cell {n}, line 3",
                "        const text: string = readFileSync('/nowhere', 'utf8');",
            ],
        )
        result = self.run_error(
            "import { tf } from 'attention';\ntf.tidy(() =>\n  tf.reshape([1, 2, 3], [2, 2]));"
        )
        self.assertIn("node_modules/@tensorflow/tfjs-core/", result.traceback)
        self.assertIn(f"    at cell {self.number(result)}, line 3\n", result.traceback)
        self.assertTrue(
            result.traceback.endswith(
                f"    at cell {self.number(result)}, line 2\n        tf.tidy(() =>"
            ),
            result.traceback,
        )

    def test_a_compile_error_shows_all_places_with_a_caret(self):
        result = self.run_error("const a: number = 'one';\n\n  const b = missing + a;")
        n = self.number(result)
        self.assertEqual(
            result.traceback,
            f"cell {n}, line 1:7 - TS2322: Type 'string' is not assignable to type 'number'.\n"
            "    const a: number = 'one';\n"
            "          ^\n"
            f"cell {n}, line 3:13 - TS2304: Cannot find name 'missing'.\n"
            "      const b = missing + a;\n"
            "                ^",
        )
        self.assertEqual(result.reply["ename"], "TypeScriptError")

    def test_a_compile_error_is_followed_by_its_reason(self):
        result = self.run_error("const f: (n: number) => string = (n: number) => n;")
        n = self.number(result)
        self.assertEqual(
            result.traceback.split("\n"),
            [
                f"cell {n}, line 1:7 - TS2322: "
                "Type '(n: number) => number' is not assignable to type '(n: number) => string'.",
                "    const f: (n: number) => string = (n: number) => n;",
                "          ^",
                "    Type 'number' is not assignable to type 'string'.",
            ],
        )

    def test_a_cell_that_breaks_off_is_reported_at_its_end(self):
        result = self.run_error("function broken() {\n  return 3;")
        self.assertEqual(
            result.traceback,
            f"cell {self.number(result)}, line 2:12 - TS1005: '}}' expected.\n"
            "      return 3;\n"
            "               ^",
        )

    def test_a_thrown_value_that_is_no_error_is_shown(self):
        for code, shown in [
            ("throw 'text';", "'text'"),
            ("throw undefined;", "undefined"),
            ("throw { status: 404 };", "{ status: 404 }"),
            ("await Promise.reject(null);", "null"),
        ]:
            result = self.run_error(code)
            self.assertEqual(result.reply["ename"], "Thrown")
            self.assertEqual(result.traceback.split("\n")[0], f"Thrown: {shown}")

    def test_the_cause_of_an_error_is_shown(self):
        result = self.run_error(
            """try {
  JSON.parse('{');
} catch (cause) {
  throw new Error('bad file', { cause });
}"""
        )
        head, cause = result.traceback.split("Caused by:\n")
        self.assertIn(f"Error: bad file\n    at cell {self.number(result)}, line 4\n", head)
        self.assertTrue(cause.startswith("SyntaxError: "), cause)
        self.assertIn(f"    at cell {self.number(result)}, line 2\n", cause)

    def test_the_parts_of_an_aggregate_error_are_shown(self):
        result = self.run_error(
            "await Promise.any([Promise.reject(new Error('one')), Promise.reject('two')]);"
        )
        self.assertEqual(result.reply["ename"], "AggregateError")
        self.assertIn("Error 1 of 2:\n  Error: one\n", result.traceback)
        self.assertIn("Error 2 of 2:\n  Thrown: 'two'\n", result.traceback)

    def test_an_error_has_the_name_of_its_class(self):
        result = self.run_error(
            "class ShapeError extends Error {}\nthrow new ShapeError('2 and 3');"
        )
        self.assertEqual((result.reply["ename"], result.reply["evalue"]), ("ShapeError", "2 and 3"))

    def test_an_endless_recursion_is_shown_in_short(self):
        result = self.run_error(
            "function down(n: number): number {\n  return down(n + 1);\n}\ndown(0);"
        )
        self.assertIn("RangeError: Maximum call stack size exceeded", result.traceback)
        self.assertIn("times more", result.traceback)
        self.assertLess(len(result.traceback.split("\n")), 8)

    def test_an_error_that_a_cell_prints_has_the_typed_lines_too(self):
        result = self.run_ok(
            """type T = string;
try {
  JSON.parse('{');
} catch (error) {
  console.log(error);
}"""
        )
        self.assertIn(f"    at cell {self.number(result)}, line 3\n", result.text())
        self.assertNotIn("node:", result.text())

    def test_a_module_that_is_missing_is_an_error(self):
        result = self.run_error("const x = require('no-such-package');")
        self.assertIn("Cannot find module 'no-such-package'", result.traceback)


class Results(KernelCase):
    def test_undefined_and_null_are_no_result(self):
        for code in ["undefined", "null", "const five = 5;", ""]:
            self.assertEqual(self.run_ok(code).types, ["execute_input"])

    def test_names_of_earlier_cells_stand_for_properties_of_the_same_name(self):
        self.run_ok("function twice(x: number) { return 2 * x; }\nlet base = 20;")
        result = self.run_ok(
            "const both = { twice, base };\n({ base } = { base: both.base + 1 });\nboth.twice(base)"
        )
        self.assertEqual(result.data, {"text/plain": "42"})

    def test_a_value_can_bring_several_mime_types(self):
        bundle = "{ 'text/plain': 'plain', 'text/html': '<b>', 'application/json': { a: [1] } }"
        data = {"text/plain": "plain", "text/html": "<b>", "application/json": {"a": [1]}}
        for method in [f"() {{ return {bundle} }}", f": async () => ({bundle})"]:
            result = self.run_ok(f"({{ [Symbol.for('Jupyter.display')]{method} }})")
            self.assertEqual(result.data, data)

    def test_what_is_no_mime_bundle_is_an_error(self):
        result = self.run_error("({ [Symbol.for('Jupyter.display')]: () => 'text' })")
        self.assertIn("must return a MIME bundle", result.traceback)

    def test_a_value_awaited_is_the_result(self):
        self.assertEqual(
            self.run_ok("await Promise.resolve([1, 2])").data, {"text/plain": "[ 1, 2 ]"}
        )

    def test_the_streams_are_kept_apart_and_complete(self):
        line = "x" * 5000
        result = self.run_ok(
            f"for (let i = 0; i < 3000; i++) console.log('{line}');\nconsole.warn('careful');"
        )
        self.assertEqual(len(result.text()), 3000 * len(f"{line}\n"))
        self.assertEqual(result.text("stderr"), "careful\n")

    def test_a_display_updates_in_place(self):
        result = self.run_ok(
            """import { newDisplay } from 'tslab';
const bar = newDisplay();
bar.text('1');
bar.text('2');"""
        )
        self.assertEqual(result.types, ["execute_input", "display_data", "update_display_data"])
        first, second = result.contents[1:]
        self.assertEqual(
            (first["data"], second["data"]), ({"text/plain": "1"}, {"text/plain": "2"})
        )
        self.assertEqual(first["transient"], second["transient"])

    def test_output_after_the_end_of_a_cell_belongs_to_that_cell(self):
        for code, msg_type in [
            ("console.log('late')", "stream"),
            ("require('tslab').display.text('late')", "display_data"),
            ("Promise.resolve().then(() => { throw new Error('late') })", "stream"),
            ("throw new Error('late')", "stream"),
        ]:
            first = self.kernel.send(f"const go = () => {{ {code}; }};\nsetTimeout(go, 30);")
            second = self.kernel.send("await new Promise((resolve) => setTimeout(resolve, 150));")
            self.assertEqual(self.kernel.reply(first)["content"]["status"], "ok")
            self.assertEqual(self.kernel.finish(second).types, ["execute_input"])
            last = self.kernel.outputs[first][-1]
            self.assertEqual(last["msg_type"], msg_type)
            self.assertIn("late", str(last["content"]))
        self.assertEqual(last["content"]["name"], "stderr")
        self.assertIn("Error: late\n    at ", last["content"]["text"])
        self.assertEqual(self.run_ok("1 + 1").data, {"text/plain": "2"})


class Pasted(KernelCase):
    """What TypeScript takes at the top of a module, a cell takes too, or says what to write instead."""

    def value(self, *cells):
        for code in cells:
            result = self.run_ok(code)
        return result.data["text/plain"]

    def test_a_loop_may_be_all_that_waits(self):
        self.run_ok("async function* count() { yield 1; yield 2; }\nlet total = 0;")
        self.run_ok("for await (const n of count()) total += n;")
        self.run_ok("if (total) { for await (const n of count()) { total += n; } }")
        self.assertEqual(self.value("total"), "6")

    def test_waiting_in_a_function_that_does_not_wait_is_an_error_of_its_line(self):
        for code in [
            "const f = () => { for await (const n of []) {} };",
            "const o = { m() { return await 1; } };",
        ]:
            self.assertIn("line 1", self.run_error(code).traceback)

    def test_exports_are_names_like_others(self):
        for n in "34":
            self.assertEqual(self.value(f"export const three = {n};", "three"), n)
        self.assertEqual(self.value("export default function seven() { return 7; }", "seven()"), "7")
        self.assertEqual(self.value("export default 5 + 3;"), "8")
        self.assertEqual(self.value("export type N = number;\nexport enum E { A }", "E.A as N"), "0")
        self.assertEqual(self.value("export { join } from 'node:path';", "join('a', 'b')"), "'a/b'")
        self.run_ok("export { three };")

    def test_what_cannot_be_in_a_cell_is_refused_with_what_to_do(self):
        for code, advice in {
            "export * from 'node:path';": "with `import`",
            "declare global { interface Array<T> { last(): T } }": "(x as any).name",
            "const here = () => import.meta.url;": "process.cwd()",
            "process.exit(0)": "Restart Kernel",
        }.items():
            self.assertIn(advice, self.run_error(code).traceback)
        self.assertEqual(self.value("#!/usr/bin/env node\n6 * 7"), "42")

    def test_values_keep_their_type_when_it_is_declared_anew(self):
        self.run_ok("class Cell { old = 1 }\nconst first = new Cell();\nconst list: Cell[] = [first];")
        self.run_ok("class Cell { young = 2 }")
        self.assertEqual(self.value("list[0].old + first.old + new Cell().young"), "4")
        self.assertIn("young", self.run_error("first.young").traceback)
        same = "class Same { private x = 1; get() { return this.x; } }"
        self.run_ok(f"{same}\nfunction read(s: Same) {{ return s.get(); }}")
        self.assertEqual(self.value(same, "read(new Same())"), "1")

    def test_a_property_may_have_the_name_of_an_earlier_cell(self):
        self.run_ok("let x = 1;\nconst point = { x: 5, y: 6 };")
        self.assertEqual(self.value("const { x: left, y: top } = point;\nleft + top"), "11")
        self.assertEqual(self.value("({ x = 2 } = {} as { x?: number }); x"), "2")

    def test_a_completion_after_an_error_knows_what_was_there_before(self):
        self.run_ok("const known = { depth: 3 };")
        self.run_error("const broken = known.missing;")
        client = self.kernel.client
        matches = self.kernel.ask(client.complete("known.de", 8))["matches"]
        self.assertEqual(matches, ["depth"])
        self.assertIn("depth", str(self.kernel.ask(client.inspect("known", 2))["data"]))

    def test_two_kernels_do_not_know_of_each_other(self):
        other = Kernel()
        try:
            self.run_ok("const mine = 1;")
            self.assertEqual(other.run("mine").status, "error")
            self.assertEqual(self.value("mine"), "1")
        finally:
            other.stop()


class Requests(KernelCase):
    def test_the_execution_count_counts_the_stored_cells(self):
        count = self.run_ok("1").reply["execution_count"]
        stored = self.run_ok("2")
        self.assertEqual(stored.reply["execution_count"], count + 1)
        [entry] = stored.of("execute_input")
        self.assertEqual(entry, {"code": "2", "execution_count": count + 1})
        self.assertEqual(self.run_ok("3", store_history=False).reply["execution_count"], count + 1)
        self.assertEqual(self.run_error("throw 4").reply["execution_count"], count + 2)

    def test_a_silent_request_publishes_nothing_and_is_not_counted(self):
        count = self.run_ok("1").reply["execution_count"]
        for code in ["const quiet = 5; console.log(quiet); quiet", "throw new Error('quiet')"]:
            result = self.kernel.run(code, silent=True)
            self.assertEqual(result.types, [])
            self.assertEqual(result.reply["execution_count"], count)
        self.assertEqual(self.run_ok("quiet").reply["execution_count"], count + 1)

    def test_user_expressions_are_evaluated(self):
        expressions = {"sum": "half + 1", "bad": "nothing.here"}
        reply = self.run_ok("const half = 0.5;", user_expressions=expressions).reply
        self.assertEqual(reply["user_expressions"]["sum"]["data"], {"text/plain": "1.5"})
        self.assertEqual(reply["user_expressions"]["bad"]["ename"], "ReferenceError")

    def test_a_failure_aborts_the_cells_that_wait_behind_it(self):
        busy = "const end = Date.now() + 200;\nwhile (Date.now() < end);\nthrow new Error('stop');"
        waiting = (
            "await new Promise((resolve) => setTimeout(resolve, 200));\nthrow new Error('stop');"
        )
        for code in [busy, waiting, f"{SLOW_TYPE}\nconst s: string = 1;"]:
            count = self.run_ok("1").reply["execution_count"]
            ids = [
                self.kernel.send(c) for c in [code, "console.log('second')", "console.log('third')"]
            ]
            results = [self.kernel.finish(msg_id) for msg_id in ids]
            self.assertEqual([r.status for r in results], ["error", "aborted", "aborted"])
            self.assertEqual([r.types for r in results[1:]], [[], []])
            self.assertEqual(self.run_ok("1").reply["execution_count"], count + 2)

    def test_without_stop_on_error_the_cells_behind_a_failure_run(self):
        ids = [
            self.kernel.send("throw new Error('go on');", stop_on_error=False),
            self.kernel.send("console.log('second')"),
        ]
        first, second = [self.kernel.finish(msg_id) for msg_id in ids]
        self.assertEqual((first.status, second.status), ("error", "ok"))
        self.assertEqual(second.text(), "second\n")

    def test_a_cell_sent_after_a_failure_runs(self):
        for i in range(20):
            failing = self.kernel.send(
                "throw new Error('fails')" if i % 2 else "const s: string = 1;"
            )
            self.kernel.wait_for("error")
            following = self.kernel.send("'ran'")
            self.assertEqual(self.kernel.finish(failing).status, "error")
            self.assertEqual(self.kernel.finish(following).data, {"text/plain": "'ran'"})

    def test_requests_are_answered_while_a_cell_waits(self):
        cell = self.kernel.send("console.log('go');\nawait new Promise((r) => setTimeout(r, 500));")
        self.kernel.wait_for("stream")
        info = self.kernel.client.kernel_info()
        self.assertEqual(
            self.kernel.client.get_shell_msg(timeout=0.4)["parent_header"]["msg_id"], info
        )
        while self.kernel.iopub()["parent_header"]["msg_id"] != info:
            pass
        self.assertEqual(self.kernel.iopub()["content"], {"execution_state": "idle"})
        # A front end that shows the last state must not show an idle kernel.
        again = self.kernel.iopub()
        self.assertEqual(again["parent_header"]["msg_id"], cell)
        self.assertEqual(again["content"], {"execution_state": "busy"})
        self.assertEqual(self.kernel.finish(cell).status, "ok")

    def test_kernel_info_tells_the_versions(self):
        info = self.kernel.ask(self.kernel.client.kernel_info())
        self.assertEqual(info["protocol_version"], "5.3")
        self.assertEqual(
            (info["implementation"], info["implementation_version"]), ("tslab", "1.0.22")
        )
        self.assertEqual(info["language_info"]["version"], "5.0.4")
        self.assertIn("TypeScript 5.0.4", info["banner"])
        self.assertTrue(all(link["url"].startswith("https://") for link in info["help_links"]))

    def test_inspection_shows_the_signature_and_the_documentation(self):
        self.run_ok(
            """/** Scaled dot product. @param q the query */
function score(q: number[], k: number[]): number { return q[0] * k[0]; }"""
        )
        for code, position in [
            ("score", 5),
            ("'\U0001d410'; score([1], [2])", 7),
            ("score([1], ", 11),
        ]:
            info = self.kernel.ask(self.kernel.client.inspect(code, position))
            self.assertTrue(info["found"], code)
            text = info["data"]["text/plain"]
            self.assertIn("function score(q: number[], k: number[]): number", text)
            self.assertIn("Scaled dot product.", text)
            self.assertIn("@param q the query", text)
        self.assertFalse(self.kernel.ask(self.kernel.client.inspect("1 + 1", 1))["found"])

    def test_inspection_shows_the_documentation_of_the_package(self):
        self.run_ok("import { backendName } from 'attention';")
        text = self.kernel.ask(self.kernel.client.inspect("backendName()", 3))["data"]["text/plain"]
        self.assertIn("backendName(): ", text)
        self.assertIn("The backend in use", text)

    def test_completion_knows_earlier_cells_and_counts_in_code_points(self):
        self.run_ok("const headCount = 8;")
        info = self.kernel.ask(self.kernel.client.complete("'\U0001d410\U0001d410'; headC", 11))
        self.assertEqual(info["matches"], ["headCount"])
        self.assertEqual((info["cursor_start"], info["cursor_end"]), (6, 11))

    def test_there_are_no_comms(self):
        msg = self.kernel.reply(self.kernel.client.comm_info("jupyter.widget"))
        self.assertEqual(msg["msg_type"], "comm_info_reply")
        self.assertEqual(msg["content"], {"status": "ok", "comms": {}})

    def test_an_unknown_request_is_ignored(self):
        client = self.kernel.client
        msg = client.session.msg("no_such_request", {})
        client.shell_channel.send(msg)
        states = []
        while states != ["busy", "idle"]:
            got = self.kernel.iopub()
            if got["parent_header"].get("msg_id") == msg["header"]["msg_id"]:
                states.append(got["content"]["execution_state"])
        self.assertEqual(self.run_ok("1").text("stderr"), "")

    def test_a_message_with_a_wrong_signature_is_ignored(self):
        client = self.kernel.client
        key, client.session.key = client.session.key, b"wrong"
        client.execute("console.log('forged')")
        client.session.key = key
        self.assertEqual(self.run_ok("console.log('genuine')").text(), "genuine\n")
        self.assertNotIn("forged", str(self.kernel.outputs))


class Interrupts(KernelCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.kernel.run(
            """const loop = { turns: 0 };
function turn() {
  loop.turns++;
  if (loop.turns === 3) console.log('started');
}
const sleep = (ms: number) => new Promise<void>((r) => setTimeout(r, ms));"""
        )

    def assert_turns(self, expected):
        code = "const turns = loop.turns;\nawait sleep(50);\n[turns > 0, loop.turns - turns]"
        self.assertEqual(self.run_ok(code).data, {"text/plain": expected})

    def assert_stops(self, code):
        """The cell ends at an interrupt, its loop too; the kernel goes on with all its state."""
        with self.subTest(code):
            result = self.kernel.run_interrupted(f"loop.turns = 0;\n{code}")
            self.assertEqual((result.status, result.reply["ename"]), ("error", "Interrupted"))
            self.assert_turns("[ true, 0 ]")


    def test_a_loop_stops(self):
        self.assert_stops("for (;;) turn();")

    def test_every_kind_of_loop_stops(self):
        for code in [
            "while (true) turn();",
            "do turn(); while (true);",
            "outer: for (;;) for (const key in { a: 1 }) { turn(); continue outer; }",
            "const numbers = function* () { for (;;) yield 1; };\nfor (const n of numbers()) turn();",
            "function grow(n: number): void { turn(); if (n > 0) { grow(n - 1); grow(n - 1); } }\ngrow(99);",
            "Array.from({ length: 1e9 }, () => turn());",
            "const again = (): Promise<void> => Promise.resolve().then(turn).then(again);\nawait again();",
        ]:
            self.assert_stops(code)

    def test_a_loop_that_lets_the_event_loop_turn_stops(self):
        self.assert_stops("for (;;) { turn(); await new Promise((r) => setImmediate(r)); }")

    def test_a_loop_that_sleeps_stops(self):
        self.assert_stops("for (;;) { turn(); await sleep(5); }")
        self.assert_stops(
            "const u = require('util');\nfor (;;) { turn(); await u.promisify(setTimeout)(5); }"
        )
        self.assert_stops(
            "const t = require('timers/promises');\nfor (;;) { turn(); await t.setTimeout(5); }"
        )

    def test_a_loop_after_an_await_stops(self):
        self.assert_stops("await null;\nfor (;;) turn();")
        self.assert_stops("await sleep(5);\nfor (;;) turn();")
        self.assert_stops("await require('timers/promises').setTimeout(5);\nfor (;;) turn();")

    def test_a_training_loop_that_lets_the_event_loop_turn_stops(self):
        self.run_ok("import { Adam, tf, train } from 'attention';")
        self.run_ok("const weight = tf.variable(tf.scalar(1));\nconst adam = new Adam({ weight });")
        self.run_ok("const step = () => adam.minimize(() => tf.square(weight));")
        self.assert_stops("await train(1e9, () => { turn(); return step(); });")
        self.run_ok("step();")


    def test_a_loop_of_awaits_that_never_turns_the_event_loop_stops(self):
        self.assert_stops("for (;;) { turn(); await null; }")
        self.assert_stops("for (;;) { turn(); await new Promise(process.nextTick); }")
        self.assert_stops(
            "const go = () => { turn(); process.nextTick(go); };\ngo();\nawait sleep(9e4);"
        )

    def test_a_loop_in_a_library_stops_at_a_tensorflow_operation(self):
        with tempfile.TemporaryDirectory() as folder:
            file = Path(folder, "library.js")
            file.write_text(
                "exports.run = (tf) => { for (let i = 0; ; i++) {"
                "tf.tidy(() => tf.ones([2]).add(1)); if (i === 3) console.log('started'); } };"
            )
            self.run_ok("import { tf } from 'attention';")
            result = self.kernel.run_interrupted(f"require('{file}').run(tf);")
            self.assertEqual(result.reply["ename"], "Interrupted")

    def test_an_interrupt_tells_where_it_came(self):
        self.run_ok("function busy() {\n  console.log('started');\n  for (;;);\n}")
        result = self.kernel.run_interrupted("1 + 1;\nbusy();")
        n = result.reply["execution_count"]
        self.assertEqual(
            result.traceback,
            "Interrupted: the cell was stopped, with everything it had started\n"
            f"    at busy (cell {n - 1}, line 3)\n"
            "        for (;;);\n"
            f"    at cell {n}, line 2\n"
            "        busy();",
        )

    def test_an_interrupt_that_is_caught_ends_the_cell_all_the_same(self):
        self.assert_stops("try { for (;;) turn(); } catch {}")
        self.assert_stops("const job = (async () => { for (;;) turn(); })().catch(() => 1);\nawait job;")
        self.assert_stops("for (;;) { try { for (;;) turn(); } catch {} finally { continue; } }")

    def test_a_loop_in_the_callback_of_a_timer_stops(self):
        self.assert_stops("await new Promise(() => setTimeout(() => { for (;;) turn(); }, 5));")

    def test_an_interval_stops(self):
        self.assert_stops("await new Promise(() => setInterval(turn, 5));")

    def test_a_training_loop_stops_and_tensorflow_still_differentiates(self):
        self.run_ok(
            """import { tf } from 'attention';
const w = tf.variable(tf.ones([100, 100]));
function step() {
  tf.tidy(() => w.assign(tf.grad((x) => x.matMul(x).sum())(w).mul(1e-9)));
  turn();
}"""
        )
        gradient = (
            "tf.tidy(() => tf.grad((x) => x.square().sum())(tf.tensor([1, 2, 3])).arraySync())"
        )
        self.run_ok(f"step();\n{gradient}")
        count = "tf.memory().numTensors"
        tensors = int(self.run_ok(count).data["text/plain"])
        for wait in ["", "await tf.nextFrame();", "await w.data();"] * 3:
            self.assert_stops(f"for (;;) {{ step(); {wait} }}")
            self.assertEqual(self.run_ok(gradient).data, {"text/plain": "[ 2, 4, 6 ]"})
        self.assertEqual(int(self.run_ok(count).data["text/plain"]), tensors)

    def test_what_earlier_cells_have_left_running_stops(self):
        self.run_ok("const job = (async () => { for (;;) { turn(); await sleep(2); } })();")
        self.assert_stops("await job;")
        self.run_ok("setInterval(turn, 2); loop.turns")
        self.kernel.interrupt()
        self.assert_turns("[ true, 0 ]")

    def test_a_module_interrupted_while_it_loads_is_loaded_again(self):
        with tempfile.TemporaryDirectory() as folder:
            file = Path(folder, "slow.js")
            file.write_text(
                """const { loop, turn } = __tslab__.exports;
if (loop.turns === 0) for (;;) turn();
exports.half = 0.5;"""
            )
            self.assert_stops(f"require('{file}');")
            self.assertEqual(self.run_ok(f"require('{file}').half").data, {"text/plain": "0.5"})

    def test_an_interrupt_while_nothing_runs_changes_nothing(self):
        for _ in range(20):
            self.kernel.interrupt()
            self.assertEqual(self.run_ok("await sleep(1);\n1 + 1").data, {"text/plain": "2"})

    def test_an_interrupt_during_the_compilation_is_not_lost(self):
        for code in ["for (;;) turn();", "await sleep(60_000);", "console.log('runs');"]:
            msg_id = self.kernel.send(f"{SLOW_TYPE}\n{code}")
            self.kernel.wait_for("execute_input")
            self.kernel.manager.interrupt_kernel()
            result = self.kernel.finish(msg_id)
            self.assertEqual(result.reply["ename"], "Interrupted")
            self.assertEqual(result.types, ["execute_input", "error"])

    def test_a_burst_of_interrupts_stops_a_cell_and_leaves_the_kernel_alive(self):
        for code in ["for (;;);", "for (;;) await sleep(0);"] * 5:
            msg_id = self.kernel.send(f"console.log('started');\n{code}")
            self.kernel.wait_for("stream")
            for _ in range(20):
                self.kernel.manager.interrupt_kernel()
            self.assertEqual(self.kernel.finish(msg_id).reply["ename"], "Interrupted")
            self.kernel.interrupt()
            self.assertEqual(self.run_ok("1 + 1").data, {"text/plain": "2"})

    def test_an_interrupt_aborts_the_cells_that_wait(self):
        first = self.kernel.send("console.log('started');\nawait sleep(60_000);")
        second = self.kernel.send("console.log('second');")
        self.kernel.wait_for("stream")
        self.kernel.ask(self.kernel.client.kernel_info())  # sent last: the second cell has arrived
        self.kernel.manager.interrupt_kernel()
        results = [self.kernel.finish(msg_id) for msg_id in [first, second]]
        self.assertEqual([r.status for r in results], ["error", "aborted"])

    def test_an_interrupt_is_answered(self):
        cell = self.kernel.send("console.log('started');\nfor (;;) await sleep(2);")
        self.kernel.wait_for("stream")
        validate_message(self.kernel.interrupt(), "interrupt_reply")
        self.assertEqual(self.kernel.finish(cell).reply["ename"], "Interrupted")


class Processes(unittest.TestCase):
    def test_the_kernel_writes_nothing_but_messages(self):
        log = tempfile.TemporaryFile()
        kernel = Kernel(stdout=log, stderr=log)
        kernel.run(
            "import { tf } from 'attention';\ntf.ones([2, 2]).print();\nthrow new Error('x');"
        )
        kernel.run_interrupted("console.log('started');\nfor (;;);")
        kernel.run("Promise.reject(new Error('background'));\nconsole.error('to the cell');")
        kernel.stop()
        log.seek(0)
        self.assertEqual(log.read(), b"")
        log.close()

    def test_shutdown_is_answered_and_ends_the_process(self):
        for restart in [True, False]:
            kernel = Kernel()
            kernel.run("setInterval(() => undefined, 1000);")
            msg_id = kernel.client.shutdown(restart=restart)
            reply = kernel.reply(msg_id, kernel.client.get_control_msg)
            self.assertEqual(reply["content"], {"status": "ok", "restart": restart})
            self.assertEqual(kernel.manager.provisioner.process.wait(timeout=5), 0)
            kernel.stop()

    def test_the_kernel_ends_with_the_process_that_started_it(self):
        starter = """
import os
from jupyter_client.manager import start_new_kernel
manager, client = start_new_kernel(kernel_name="tslab")
client.execute("console.log('started'); for (;;);")
while client.get_iopub_msg()["msg_type"] != "stream":
    pass
os._exit(0)
"""
        # The kernel inherits the pipe, so that this returns when it has ended, too.
        command = [sys.executable, "-c", starter]
        subprocess.run(command, stdout=subprocess.PIPE, check=True, timeout=TIMEOUT)

    def test_a_notebook_outside_of_the_project_finds_the_package(self):
        with tempfile.TemporaryDirectory() as elsewhere:
            kernel = Kernel(cwd=elsewhere)
            code = "import { tf } from 'attention';\nimport { cwd } from 'process';\ntf && cwd()"
            result = kernel.run(code)
            self.assertEqual(result.status, "ok", result.reply)
            self.assertEqual(result.data, {"text/plain": repr(os.path.realpath(elsewhere))})
            # The type of this variable is the package's own, and its declaration has to name it.
            result = kernel.run("import { loadCmudict } from 'attention';\nconst d = loadCmudict();")
            self.assertEqual(result.status, "ok", result.reply)
            kernel.stop()


def run_notebook(kernel_name, cells):
    """Runs cells with nbclient as `jupyter nbconvert --execute` does, in the notebooks' folder."""
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(c) for c in cells])
    resources = {"metadata": {"path": str(NOTEBOOKS)}}
    NotebookClient(
        notebook, kernel_name=kernel_name, resources=resources, timeout=TIMEOUT
    ).execute()
    return notebook


class Notebooks(unittest.TestCase):
    cells = [
        "import { tf } from 'attention';\nconst scores = tf.tensor([[1, 2]]);",
        "console.log(scores.shape);\nconst best: number = tf.argMax(scores, 1).arraySync()[0];",
        "require('tslab').display.markdown('**' + best + '**');\nbest",
    ]

    def check(self, kernel_name):
        notebook = run_notebook(kernel_name, self.cells)
        self.assertIn("[ 1, 2 ]", notebook.cells[1].outputs[0].text)
        self.assertEqual(notebook.cells[2].outputs[0].data, {"text/markdown": "**1**"})
        return notebook.cells[2].outputs[1]

    def test_a_notebook_runs(self):
        self.assertEqual(self.check("tslab").data, {"text/plain": "1"})

    def test_a_notebook_runs_under_the_stock_kernel_too(self):
        self.assertEqual(self.check("tslab-stock").text, "1\n")

    def test_a_failing_notebook_says_where(self):
        with self.assertRaises(CellExecutionError) as caught:
            run_notebook("tslab", ["const a = 1;", "throw new Error('on purpose');"])
        self.assertEqual((caught.exception.ename, caught.exception.evalue), ("Error", "on purpose"))
        self.assertIn("at cell 2, line 1", str(caught.exception))


if __name__ == "__main__":
    unittest.main()
