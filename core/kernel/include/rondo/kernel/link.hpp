// SPDX-License-Identifier: BSL-1.0
// link.hpp - intrusive doubly linked lists: the elements carry the links, so joining and leaving never allocate.
//
// A class that can be in two lists at once derives from Link with two tags. Leaving a list needs no list, so an
// element may be unlinked without knowing whether it waits at a future or in the ready queue already.
#pragma once

#include <cstddef>

namespace rondo {

template <class Tag>
class Link {
 public:
  Link() = default;
  Link(const Link&) = delete;
  Link& operator=(const Link&) = delete;

  bool linked() const { return next_ != nullptr; }

  /// Leaves the list it is in. O(1).
  void unlink() {
    prev_->next_ = next_;
    next_->prev_ = prev_;
    next_ = nullptr;
  }

 private:
  template <class T, class ListTag>
  friend class List;
  Link* next_ = nullptr;
  Link* prev_;
};

/// A first-in first-out list of T, which derives from Link<Tag>. Does not own its elements.
template <class T, class Tag>
class List {
  using Node = Link<Tag>;

 public:
  List() { head_.next_ = head_.prev_ = &head_; }
  List(const List&) = delete;
  List& operator=(const List&) = delete;

  bool empty() const { return head_.next_ == &head_; }
  T* front() const { return at(*head_.next_); }
  T* back() const { return at(*head_.prev_); }
  T* after(const T& element) const { return at(*static_cast<const Node&>(element).next_); }
  T* before(const T& element) const { return at(*static_cast<const Node&>(element).prev_); }

  void push_back(T& element) { insert(element, *head_.prev_, head_); }
  void push_front(T& element) { insert(element, head_, *head_.next_); }

  T& pop_front() {
    Node& node = *head_.next_;
    head_.next_ = node.next_;
    node.next_->prev_ = &head_;
    node.next_ = nullptr;
    return static_cast<T&>(node);
  }

  /// Appends all that `from` has, in its order. O(1).
  void take_all(List& from) {
    if (from.empty()) return;
    Node& first = *from.head_.next_;
    Node& last = *from.head_.prev_;
    head_.prev_->next_ = &first;
    first.prev_ = head_.prev_;
    head_.prev_ = &last;
    last.next_ = &head_;
    from.head_.next_ = from.head_.prev_ = &from.head_;
  }

 private:
  /// Of references, since a cast of a pointer would ask once more whether that is null.
  T* at(Node& node) const { return &node == &head_ ? nullptr : &static_cast<T&>(node); }
  static void insert(Node& node, Node& before, Node& after) {
    before.next_ = &node;
    node.prev_ = &before;
    after.prev_ = &node;
    node.next_ = &after;
  }
  Node head_;
};

}  // namespace rondo
