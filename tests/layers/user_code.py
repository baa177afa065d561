#!/usr/bin/env python3
# SPDX-License-Identifier: BSL-1.0
"""Checks that the kernel calls code of others at the places that kernel.hpp names, and nowhere else.

    user_code.py ROOT
    user_code.py --self-test ROOT

User code runs in the turn of an entry, which step.cpp alone gives (call_core.cpp makes the call for a callback), and in
destructors, which last_handle.cpp puts in a row. A file that merely notes what must happen cannot find itself called again
half way. Known are the ways out of the kernel: coroutine handles, virtual functions, and pointers to functions. Each has
its files here; a new way must get them, or the check fails. The destructors that every value has (a result, an exception,
the value of a context variable) run where the value is replaced: no text says so, and this check does not see them.
"""
import pathlib
import re
import sys
import tempfile

from includes import code_of, sources

# What gives control away, the files of core/kernel that may say so, and what it is.
RULES = [
    # Whoever has a handle can call it in ways that no text shows: h().
    (r"\bcoroutine_handle\b", {"frame_core.hpp"}, "name a coroutine_handle"),
    (r"\bhandle\s*\(\s*\)", {"frame_core.hpp", "step.cpp", "last_handle.cpp"}, "take the handle of a frame"),
    (r"(?:\.|->)\s*resume\s*\(|\bhandle\s*\(\s*\)\s*\(", {"step.cpp"}, "resume a coroutine"),
    (r"(?:\.|->)\s*run\s*\(\s*\)", {"step.cpp"}, "run a hook"),
    (r"(?:\.|->)\s*step\s*\(\s*\)", {"step.cpp"}, "step a routine"),
    (r"\binvoke\s*\(", {"call_core.cpp"}, "invoke a callback"),
    # The handler of errors is the user's. Both files report in a turn, or where something ends.
    (r"(?<!owner_->)\breport\s*\(", {"call_core.cpp", "last_handle.cpp", "driver.cpp"}, "report an error"),
    (r"(?<!owner_->)\breport_from_thread\s*\(", {"last_handle.cpp"}, "report from another thread"),  # which posts it
    (r"\bowner_\s*->(?!\s*\*)", {"kernel.hpp"}, "call the owner of the kernel"),  # Kernel::report itself
    # Ends.
    (r"(?:\.|->)\s*(?:destroy|drop|abandon|destroy_block)\s*\(\s*\)", {"last_handle.cpp", "ref.hpp"}, "destroy what is of others"),
    (r"\bdestroy_\s*\(", {"last_handle.cpp"}, "destroy the block of a future"),
    (r"\bdrop\s*\(\s*\)", {"last_handle.cpp", "call_core.cpp"}, "drop a callable"),
    (r"\bdestroy\s*\(\s*\)", {"last_handle.cpp", "ref.hpp"}, "destroy what nobody holds"),  # release()
    # In a turn that step.cpp has given: what a hook does.
    (r"\bfunction_\s*\(", {"entry.hpp"}, "call the function of a hook"),
    # In the middle of what the host does, which must only note it.
    (r"\bwaken\s*\(", {"wakeup.hpp"}, "wake the host"),
    (r"->\s*\*|\.\s*\*", {"entry.hpp", "future_core.hpp"}, "call a member by pointer"),
    (r"\bchild_done\s*\(", {"fork.hpp"}, "tell a fork of its child"),
    (r"\bcompleted\s*\(", {"operation.hpp"}, "complete an operation"),
    # Code of the floors above, which does not call users: it keeps bytes, or says words.
    (r"(?:\.|->)\s*received\s*\(", {"operation_table.cpp"}, "hand bytes to an operation"),
    (r"(?:\.|->)\s*title\s*\(", {"step.cpp"}, "ask for the title of an operation"),
    (r"\bwords_\s*\(", {"waitable.hpp"}, "ask for words"),
    (r"\babandon_\s*\(", {"resident.hpp"}, "abandon a resident"),
    (r"\bstatic_cast<T&>[^;]*\.abandon\(\)", {"resident.hpp"}, "abandon a resident"),
]
# The ways that the rules know, by the file that declares them: virtual functions, and types of pointers to functions.
VIRTUAL = {
    "call_core.hpp": {"invoke", "drop", "destroy"},
    "fork.hpp": {"child_done"},
    "kernel.hpp": {"report", "report_from_thread"},
    "operation.hpp": {"completed", "received", "title"},
    "task_core.hpp": {"step", "destroy_block", "drop"},
}
POINTERS = {"entry.hpp": {"Function"}, "wakeup.hpp": {"Function"}, "future_core.hpp": {"Destroy"}, "resident.hpp": {"Abandon"}, "waitable.hpp": {"Words"}}
# Interfaces that the kernel holds and does not use: only these files of it may include them.
INTERFACES = {"backend.hpp": {"driver.hpp"}, "executor.hpp": set()}
DECLARED = re.compile(r"\b(?:void|Duration|static|virtual)\s+(?:\w+::)*$")
TELL = "static_cast<T&>(static_cast<ResidentOf&>(resident)).abandon()"  # in resident.hpp: a T of the floors above


def calls(pattern, code):
    """Where it is called: not declared or defined, and not the initializer of a constructor."""
    for match in re.finditer(pattern, code):
        before = code[: match.start()]
        if not DECLARED.search(before) and not (match.group().rstrip("(").rstrip().endswith("_") and before.rstrip()[-1:] in ":,"):
            yield match.start()


def check_file(path, text):
    code = code_of(text)
    problems = []

    def problem(position, what):
        problems.append(f"{path.name}:{code.count(chr(10), 0, position) + 1}: {what}")

    if path.name not in INTERFACES:
        plain = code.replace(TELL, " " * len(TELL)) if path.name == "resident.hpp" else code
        for pattern, files, what in RULES:
            for position in () if path.name in files else calls(pattern, plain):
                problem(position, f"only {' and '.join(sorted(files))} may {what}")
        for match in re.finditer(r"\bvirtual\b[^;{}]*?(~?\w+)\s*\(", code):
            if match.group(1) not in VIRTUAL.get(path.name, ()) and not match.group(1).startswith("~"):
                problem(match.start(), f"{match.group(1)}() is a new way to call others: say in user_code.py who may")
        for match in re.finditer(r"(?:\busing\s+(\w+)\s*=\s*)?[^;{}()=]*\(\s*\*\s*(\w*)\s*\)\s*\([^;]*?\)\s*(?:noexcept)?\s*[;,)]", code):
            if match.group(1) not in POINTERS.get(path.name, ()):
                name = match.group(1) or match.group(2) or "a pointer to a function"
                problem(match.start(), f"{name} is a new way to call others: say in user_code.py who may")
        if re.search(r"\bstd\s*::\s*function\b", code):
            problem(0, "a std::function is a new way to call others")
    for match in re.finditer(r"#\s*include\s*<rondo/(\w+\.hpp)>", text):
        if path.name not in INTERFACES.get(match.group(1), {path.name}):
            problem(match.start(), f"{path.name} may not use {match.group(1)}")
    return problems


def check(root):
    files = sources(root, "core/kernel")
    used = {name for _, names, _ in RULES for name in names} | VIRTUAL.keys() | POINTERS.keys()
    found = {path.name for path in files}
    problems = [f"{name} is named in user_code.py, and not there" for name in sorted((used | INTERFACES.keys()) - found)]
    for path in files:
        problems += check_file(path, path.read_text(encoding="utf-8"))
    return files, problems


# (file, text, what must be said; None: nothing)
SLIPS = [
    ("kernel.cpp", "void f(FrameCore& frame) { frame.handle().resume(); }", "only step.cpp may resume a coroutine"),
    ("cancel.cpp", "void f(FrameCore* frame) { frame->handle()(); }", "only step.cpp may resume a coroutine"),
    ("last_handle.cpp", "void f(std::coroutine_handle<> h) {\n  h.resume();\n}", "last_handle.cpp:2: only step.cpp may resume"),
    ("kernel.cpp", "void f(std::coroutine_handle<> h) { h(); }", "only frame_core.hpp may name a coroutine_handle"),
    ("task_core.cpp", "void f(FrameCore& frame) { const auto h = frame.handle(); h(); }", "may take the handle of a frame"),
    ("future_core.cpp", "void f(Entry& e) { static_cast<Hook&>(e).run(); }", "only step.cpp may run a hook"),
    ("kernel.hpp", "inline void wake(Hook* hook) { hook->run(); }", "only step.cpp may run a hook"),
    ("task_core.cpp", "void f(TaskCore& t) { static_cast<RoutineCore&>(t).step(); }", "only step.cpp may step a routine"),
    ("step.cpp", "void f(CallCore& call) { call.invoke(); }", "only call_core.cpp may invoke a callback"),
    ("call_core.hpp", "void CallCore::due() { invoke(); }", "only call_core.cpp may invoke a callback"),
    ("step.cpp", "void f(FrameCore& frame) { frame.handle().destroy(); }", "only last_handle.cpp and ref.hpp may destroy what is of others"),
    ("cancel.cpp", "void f(Resident* r) { r->abandon(); }", "only last_handle.cpp and ref.hpp may destroy what is of others"),
    ("resident.hpp", "void f(Resident* r) { r->abandon(); }", "only last_handle.cpp and ref.hpp may destroy what is of others"),
    ("kernel.cpp", "void f(FutureBlock& block) { block.destroy_(block); }", "may destroy the block of a future"),
    ("kernel.cpp", "void f(CallCore& call) { call.drop(); }", "may destroy what is of others"),
    ("task_core.cpp", "void CallCore::g() { drop(); }", "may drop a callable"),
    ("cancel.cpp", "void FutureCore::g() { destroy(); }", "may destroy what nobody holds"),
    ("cancel.cpp", "void g(Kernel& k) { k.report({}); }", "may report an error"),
    ("cancel.cpp", "void g(Kernel& k) { k.report_from_thread({}); }", "may report from another thread"),
    ("step.cpp", "void Kernel::g() { owner_->report({}); }", "may call the owner"),
    ("kernel.cpp", "void g(Hook& hook) { hook.function_(hook); }", "only entry.hpp may call the function of a hook"),
    ("kernel.cpp", "void g(T* t, void (T::*m)()) { (t->*m)(); }", "only entry.hpp and future_core.hpp may call a member by pointer"),
    ("cancel.cpp", "void g(Fork& fork) { fork.child_done(c); }", "only fork.hpp may tell a fork"),
    ("kernel.cpp", "void g(OwnedOperation& o) { o.completed(); }", "only operation.hpp may complete"),
    ("kernel.hpp", "class A { virtual int ask(int) = 0; };", "ask() is a new way to call others"),
    ("kernel.hpp", "class A { virtual void drop() = 0; };", "drop() is a new way to call others"),
    ("task_core.hpp", "class A { using Function = void (*)(void*) noexcept; };", "Function is a new way to call others"),
    ("kernel.cpp", "void f(Wakeup::Function waken) { waken(nullptr); }", "only wakeup.hpp may wake the host"),
    ("kernel.hpp", "using Asked = int (*)(Kernel&);", "Asked is a new way to call others"),
    ("kernel.hpp", "struct A {\n  void (*hook)(int);\n};", "hook is a new way to call others"),
    ("kernel.hpp", "std::function<void()> later;", "a std::function is a new way"),
    ("kernel.cpp", "#include <rondo/executor.hpp>\n", "kernel.cpp may not use executor.hpp"),
    ("step.cpp", "void f() { frame->handle().resume(); hook.run(); static_cast<RoutineCore&>(task).step(); }", None),
    ("call_core.cpp", "void f() { call.invoke(); drop(); kernel_->report({}); }", None),
    ("last_handle.cpp", "void f() { frame->handle().destroy(); owner->abandon(); block.destroy_(block); }", None),
    ("kernel.hpp", "FutureBlock::FutureBlock(Destroy d) : kind_(k), destroy_(d) {}\n// frame.resume(), hook.run()\n"
                   "void f() { kernel.destroy(future); loop.step(now, in, out, 1); may(\".resume()\"); }", None),
    ("frame_pool.hpp", "void f() { drop_waiters(); run_batch<true>(1); int a = b * (*c) * (d); }", None),
]


def self_test(root):
    bad = []
    for name, text, wanted in SLIPS:
        found = check_file(pathlib.Path("core/kernel/src", name), text)
        if (found if wanted is None else not any(wanted in problem for problem in found)):
            bad.append(f"BAD: {name}: {text} says {found}, not {wanted}")
    # Each rule must be about something: without its files, the tree breaks it.
    texts = [(path, path.read_text(encoding="utf-8")) for path in sources(root, "core/kernel")]
    for pattern, files, what in RULES:
        idle = {name for name in files if not any(path.name == name and any(calls(pattern, code_of(text))) for path, text in texts)}
        bad += [f"BAD: {name} may {what}, and does not" for name in sorted(idle)]
    with tempfile.TemporaryDirectory() as folder:
        pathlib.Path(folder, "core/kernel/src").mkdir(parents=True)
        if not any("step.cpp is named in user_code.py" in problem for problem in check(pathlib.Path(folder))[1]):
            bad.append("BAD: a file that has gone is not missed")
    print("\n".join(bad) or "ok")
    return 1 if bad else 0


def main():
    arguments = sys.argv[1:]
    testing = arguments[:1] == ["--self-test"]
    if len(arguments) != 1 + testing:
        sys.exit(__doc__)
    root = pathlib.Path(arguments[-1]).resolve()
    if testing:
        sys.exit(self_test(root))
    files, problems = check(root)
    print("\n".join(problems) or f"{len(files)} files of the kernel call others where they may")
    sys.exit(1 if problems else 0)


main()
