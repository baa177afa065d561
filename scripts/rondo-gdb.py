# SPDX-License-Identifier: BSL-1.0
"""gdb: `rondo tasks [KERNEL]` lists the tasks of every loop that the stacks show, of a live process or of a core file.

    (gdb) source rondo-gdb.py        # an installed shared library brings it along
    (gdb) rondo tasks
    (gdb) rondo tasks *(rondo::Kernel*)0x...

As dump_tasks() does: a task stands below the one that it awaits, with the awaits that it is in, innermost first. Calls nothing in
the program. Needs the debug information of one file that includes rondo.
"""
import re

import gdb

INNERMOST = 64  # awaits that are told of a task
STATES = {"scheduled": "is ready to go on", "running": "is running", "unstarted": "has not started"}


def owned(pointer):
    """What a std::unique_ptr without a deleter of its own holds: it is nothing but the pointer."""
    held = pointer.type.strip_typedefs().template_argument(0)
    return pointer.address.cast(held.pointer().pointer()).dereference()


def pointee(value):
    """What a pointer, a reference or one of our counted pointers leads to."""
    kind = value.type.strip_typedefs()
    if kind.code in (gdb.TYPE_CODE_PTR, gdb.TYPE_CODE_REF):
        return value.referenced_value()
    name = str(kind.name or "")
    if name.startswith("rondo::Ref<"):
        return value["counted_"].dereference()
    if name.startswith("std::unique_ptr<"):
        return owned(value).dereference()
    return value


def kernel_of(value):
    """The kernel that a variable of a frame leads to, as an address; None if it leads to none."""
    for _ in range(16):
        name = str(value.type.strip_typedefs().unqualified().name or "")
        if name == "rondo::Kernel":
            return int(value.address)
        if name == "rondo::Runner":
            value = value["core_"]
        elif name == "rondo::RunnerCore":
            value = value["loop_"]
        elif name in ("rondo::Loop", "rondo::Driver", "rondo::TaskCore", "rondo::FutureCore"):
            value = value["kernel_"]
        elif name == "rondo::adapters::HostedCore":
            value = value["loop_"]
        else:
            following = pointee(value)
            if following.address == value.address:
                return None
            value = following
    return None


def variables(frame):
    try:
        block = frame.block()
    except RuntimeError:  # no debug information
        return
    while block and not block.is_global and not block.is_static:
        for symbol in block:
            if (symbol.is_variable or symbol.is_argument) and "rondo::" in str(symbol.type.strip_typedefs()):
                yield symbol
        if block.function:
            return
        block = block.superblock


def kernels():
    """The kernels that the frames of all threads name."""
    found = []
    selected = gdb.selected_thread()
    for thread in gdb.selected_inferior().threads():
        thread.switch()
        frame = gdb.newest_frame()
        while frame:
            for symbol in variables(frame):
                try:
                    kernel = kernel_of(symbol.value(frame))
                except (gdb.error, AttributeError):  # optimised away, in registers, or not alive yet
                    continue
                if kernel and kernel not in found:
                    found.append(kernel)
            frame = frame.older()
    if selected:
        selected.switch()
    return found


def short(function):
    """The name of a function without types, arguments and unnamed namespaces."""
    function = re.sub(r"\(anonymous namespace\)::|\{anonymous\}::", "", function)
    depth = begin = end = 0
    for end, character in enumerate(function + "("):
        if character == "(" and depth == 0:
            break
        depth += {"<": 1, ">": -1}.get(character, 0)
        if character == " " and depth == 0:
            begin = end + 1
    name = function[begin:end]
    for behind in range(end, len(function)):  # the parameters
        depth += {"(": 1, ")": -1}.get(function[behind], 0)
        if depth == 0:
            return ("a lambda in " if function.startswith("::", behind + 1) else "") + name
    return name


def place(value):
    """file:line (function), "" for none."""
    where = value["where_"]["_M_impl"]
    if int(where) == 0:
        return ""
    file = where["_M_file_name"].string().rsplit("/", 1)[-1]
    name = short(where["_M_function_name"].string())
    return f"{file}:{int(where['_M_line'])}" + (f" ({name})" if name else "")


class Task:
    def __init__(self, core):
        self.core = core
        self.address = int(core.address)
        self.state = str(core["task_state_"]).rsplit("::", 1)[-1]
        self.awaited = None
        self.children = []
        target = core["awaiting_"]
        if self.state.startswith("waiting") and int(target) and str(target["kind_"]).endswith("::task"):
            future = target.cast(gdb.lookup_type("rondo::FutureCore").pointer())
            self.awaited = int(future.cast(gdb.lookup_type("rondo::TaskCore").pointer()))

    def name(self):
        details = owned(self.core["details_"])
        if int(details) and int(details["name"]["_M_string_length"]):
            name = details["name"]
            return name["_M_dataplus"]["_M_p"].string(length=int(name["_M_string_length"]))
        return f"Task-{int(self.core['id_'])}"

    def awaits(self):
        places = []
        frame = self.core["innermost_"]
        while int(frame) and len(places) < INNERMOST:
            at = place(frame["at"])
            if at:
                places.append(at)
            link = frame["link"]
            frame = link["parent"] if int(link) else link.cast(frame.type)
        return " < ".join(places)

    def words(self):
        doing = STATES.get(self.state.split("_")[0], "waits")
        if self.awaited:
            doing = "awaits a task"
        at = self.awaits()
        return f"Task '{self.name()}' (made at {place(self.core['created_']) or '?'}) {doing}" + (f" at {at}" if at else "")


def tasks_of(kernel):
    head = kernel["tasks_"]["head_"]
    link = head["next_"]
    task_type = gdb.lookup_type("rondo::TaskCore").pointer()
    tasks = []
    while int(link) != int(head.address):
        tasks.append(Task(link.cast(task_type).dereference()))
        link = link["next_"]
    return tasks


def tell(tasks):
    by_address = {task.address: task for task in tasks}
    for task in tasks:
        if task.awaited in by_address:
            by_address[task.awaited].children.append(task)
    told = set()
    lines = [f"{len(tasks)} task{'' if len(tasks) == 1 else 's'}:"]
    todo = [(task, 1) for task in reversed(tasks) if task.awaited not in by_address]
    todo = [(task, 1) for task in reversed(tasks)] + todo  # at the bottom those that wait in a circle
    while todo:
        task, depth = todo.pop()
        if task.address in told:
            continue
        told.add(task.address)
        lines.append("  " * min(depth, 20) + task.words())
        todo += [(child, depth + 1) for child in reversed(task.children)]
    return lines


class Rondo(gdb.Command):
    """What rondo's loops are doing."""

    def __init__(self):
        super().__init__("rondo", gdb.COMMAND_STATUS, prefix=True)


class RondoTasks(gdb.Command):
    """rondo tasks [KERNEL]: the tasks of all loops that the stacks show, or of the one that is given."""

    def __init__(self):
        super().__init__("rondo tasks", gdb.COMMAND_STATUS)

    def invoke(self, argument, from_tty):
        if argument:
            found = [kernel_of(gdb.parse_and_eval(argument))]
            if found == [None]:
                raise gdb.GdbError(f"{argument} is no rondo::Kernel, and leads to none")
        else:
            found = kernels()
        if not found:
            raise gdb.GdbError("no stack shows a loop of rondo: is there debug information? Else give its kernel: "
                               "rondo tasks *(rondo::Kernel*)ADDRESS")
        for address in found:
            kernel = gdb.Value(address).cast(gdb.lookup_type("rondo::Kernel").pointer()).dereference()
            print(f"loop with its kernel at {address:#x}: " + "\n".join(tell(tasks_of(kernel))))


Rondo()
RondoTasks()
