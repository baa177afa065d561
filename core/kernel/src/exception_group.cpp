// SPDX-License-Identifier: BSL-1.0
// exception_group.cpp - the text of a group of errors.
#include <rondo/error.hpp>

#include <rondo/kernel/text.hpp>

namespace rondo {
namespace {

/// Groups may hold groups, as deep and as many as there are tasks: each says so much of what it holds, and no more.
constexpr std::size_t most_listed = 32;
constexpr std::size_t most_text = 1024;

std::string shortened(std::string text) {
  if (text.size() > most_text) text.replace(most_text, std::string::npos, " ...");
  return text;
}

}  // namespace

ExceptionGroup::ExceptionGroup(std::string_view message, std::vector<std::exception_ptr> exceptions,
                               std::vector<AwaitStack> stacks)
    : message_(message), exceptions_(std::move(exceptions)), stacks_(std::move(stacks)) {
  stacks_.resize(exceptions_.size());
  what_ = text_of({message_, " (", exceptions_.size(), " sub-exception",
                   exceptions_.size() == 1 ? ")" : "s)"});
  for (std::size_t i = 0; i < exceptions_.size(); ++i) {
    if (i == most_listed) {
      append(what_, {"\n  ... ", exceptions_.size() - most_listed, " more"});
      break;
    }
    std::string line = shortened(describe(exceptions_[i]));
    for (std::size_t at = line.find('\n'); at != std::string::npos; at = line.find('\n', at + 1)) {
      line.replace(at, 1, "\n    ");
    }
    append(what_, {"\n  - ", line});
    if (!stacks_[i].empty()) append(what_, {"\n    from ", shortened(describe(stacks_[i]))});
  }
}

}  // namespace rondo
