package main

// namePartitions takes from the spaces' own logs, as far as they are shown, which partition each log is of: what a log
// says of itself could be said by whoever holds its key alone.
func namePartitions(logs []*shownLog, spaces map[string]map[string]bool) error {
	for _, space := range logs {
		others, ok := spaces[space.origin]
		if !ok {
			continue
		}
		names := map[string]*created{}
		for _, e := range space.entries {
			if e.named == nil {
				continue
			}
			if names[e.named.origin] != nil {
				return refusal("a log that was named twice")
			}
			names[e.named.origin] = &e.named.created
		}
		for _, l := range logs {
			name := names[l.origin]
			if name == nil || l != space && !others[l.origin] {
				continue
			}
			if l.partition != nil {
				return refusal("a log that was named by two spaces")
			}
			l.partition = name
		}
	}
	scopes := map[string]bool{}
	for _, l := range logs {
		if l.partition == nil {
			continue
		}
		if scopes[l.partition.scope] {
			return refusal("two logs of one partition")
		}
		scopes[l.partition.scope] = true
		if first := l.entries[0].created; first != nil && *first != *l.partition {
			return refusal("a log that begins as that of another partition")
		}
	}
	return nil
}
