// SPDX-License-Identifier: BSL-1.0
// value.cpp - see value.hpp.
#include "value.hpp"

#include <algorithm>
#include <vector>

namespace conformance {

using namespace rondo;

std::string text_of(const std::exception_ptr& error) {
  try {
    std::rethrow_exception(error);
  } catch (const CancelledError& e) {
    return e.message().empty() ? "!Cancelled" : "!Cancelled(" + std::string(e.message()) + ")";
  } catch (const UserError& e) {
    return "!Error(" + e.name + ")";
  } catch (const TimeoutError&) {
    return "!Timeout";
  } catch (const ExceptionGroup& e) {
    std::vector<std::string> members;
    for (const auto& member : e.exceptions()) members.push_back(text_of(member).substr(1));
    std::sort(members.begin(), members.end());
    std::string text = "!Group[";
    for (const auto& member : members) text += (&member == &members.front() ? "" : ",") + member;
    return text + "]";
  } catch (const InvalidStateError&) {
    return "!InvalidState";
  } catch (const QueueEmpty&) {
    return "!QueueEmpty";
  } catch (const QueueFull&) {
    return "!QueueFull";
  } catch (const QueueShutDown&) {
    return "!QueueShutDown";
  } catch (const std::invalid_argument&) {
    return "!Value";
  } catch (const StopAsyncIteration&) {
    return "!?StopAsyncIteration()";  // the language has no word for it; this is what the reference prints
  } catch (const BrokenBarrierError&) {
    return "!BrokenBarrier";
  } catch (const RuntimeError&) {
    return "!Runtime";
  } catch (const std::exception& e) {
    return std::string("!?") + e.what();
  } catch (...) {
    return "!?";
  }
}

std::string text_of(const Outcome<Value>& outcome) {
  return outcome.has_value() ? outcome.value().text : text_of(outcome.exception());
}

namespace {

class ValueGather final : public GatherCore {
 public:
  ValueGather(Kernel& kernel, std::vector<Future<Value>> children, bool outcomes)
      : GatherCore(kernel, result_, [](FutureBlock& block) noexcept { delete &static_cast<ValueGather&>(block); },
                   Place::here(), outcomes),
        children_(children.size()),
        outcomes_(outcomes) {
    for (std::size_t i = 0; i < children.size(); ++i) children_[i].future = children[i].detach();
  }
  void start() { begin(children_); }

 private:
  void collect() override {
    std::string text = "[";
    for (std::uint32_t i = 0; i < positions(); ++i) {
      if (i > 0) text += ",";
      text += outcomes_ ? text_of(read_outcome<Value>(child(i), true))
                        : value_in<Value>(child(i), child(i).references() == 1).text;
    }
    result_.set(Value(text + "]"));
  }
  Result<Value> result_;
  std::vector<ForkChild> children_;
  bool outcomes_;
};

}  // namespace

Future<Value> gather_values(std::vector<Future<Value>> children, bool return_exceptions) {
  auto* gather = new ValueGather(running_kernel("gather"), std::move(children), return_exceptions);
  Future<Value> future(Ref<FutureCore>::adopt(*gather));
  gather->start();
  return future;
}

}  // namespace conformance
