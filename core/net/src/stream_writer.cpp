// SPDX-License-Identifier: BSL-1.0
// stream_writer.cpp - writing, and waiting for what was written.
#include <rondo/stream_writer.hpp>

#include <rondo/sleep.hpp>

namespace rondo {
namespace {

void raise_write_error(const StreamCore& core) {
  if (core.write_error() != 0) throw_system_error(core.write_error(), "write to " + core.peer());
}

Coro<> wait_until_closed(Ref<StreamCore> core) {
  while (!core->over()) co_await unnoted(core->end());
  raise_write_error(*core);
}

}  // namespace

Outcome<void> DrainAwaiter::outcome() { return wait_ ? wait_->outcome() : Outcome<void>::of_value({}); }

Coro<> DrainAwaiter::drain_stream(Ref<StreamCore> core) {
  raise_write_error(*core);
  if (core->read_error() != 0) throw_system_error(core->read_error(), "connection to " + core->peer());
  if (core->closing()) co_await unnoted(sleep(Duration::zero()));
  while (core->paused()) co_await unnoted(core->room());
  raise_write_error(*core);
}

StreamWriter& StreamWriter::operator=(StreamWriter&& other) noexcept {
  if (this == &other) return *this;
  StreamWriter old;
  std::swap(old.core_, core_);
  std::swap(core_, other.core_);
  return *this;
}

StreamWriter::~StreamWriter() {
  if (!core_) return;
  if (core_->is_left_here()) {
    core_.detach();
    return;
  }
  try {
    core_->close();
  } catch (...) {  // no memory to send the rest
    core_->abort();
  }
}

StreamCore& StreamWriter::core() const {
  if (!core_) throw RuntimeError("the StreamWriter is empty: it was default-constructed or moved from");
  core_->check_thread("StreamWriter");
  return *core_;
}

void StreamWriter::write(std::string_view bytes) const { core().write(bytes); }
void StreamWriter::write(std::span<const std::byte> bytes) const {
  core().write({reinterpret_cast<const char*>(bytes.data()), bytes.size()});
}
void StreamWriter::writelines(std::span<const std::string> lines) const {
  for (const std::string& line : lines) write(line);
}
Drain StreamWriter::drain() const { return Drain(Ref<StreamCore>(core())); }
void StreamWriter::write_eof() const { core().write_eof(); }
void StreamWriter::close() const { core().close(); }
void StreamWriter::abort() const { core().abort(); }
bool StreamWriter::is_closing() const { return core().closing(); }
Coro<> StreamWriter::wait_closed() const { return wait_until_closed(Ref<StreamCore>(core())); }

}  // namespace rondo
