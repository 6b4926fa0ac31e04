package hl7bridge

import (
	"context"

	"slotway/hl7bridge/hl7"
)

// takesFiles says whether what came is a file or batch of messages, from a partner
// who may send such (spec hl7-bridge 5.5). From any other it is answered like a message
// that does not begin with MSH.
func (b *Bridge) takesFiles(from Peer, raw []byte) bool {
	if !hl7.IsFile(raw) {
		return false
	}
	p, ok := b.Directory.Partner(from.Partner)
	return ok && p.Batches
}

// answerFile carries out the messages of a file in turn, each on its own: one that is
// refused stops none behind it. Of a file that is not whole, nothing is carried out,
// and one acknowledgement answers all of it.
func (b *Bridge) answerFile(ctx context.Context, from Peer, raw []byte) []byte {
	file, err := hl7.ParseFile(raw)
	if err != nil {
		return b.refuseFile(ctx, from, raw, file, err)
	}
	acks := make([][][]byte, len(file.Batches))
	for i, batch := range file.Batches {
		for _, message := range batch.Messages {
			if ack := b.answer(ctx, from, message, nil); ack != nil {
				acks[i] = append(acks[i], ack)
			}
		}
	}
	return b.fileReply().Write(file, acks)
}

// refuseFile answers a file for a fault of its own. MSA-2 is its control id, or that of
// the batch where reading ended, which the answer refers to too.
func (b *Bridge) refuseFile(ctx context.Context, from Peer, raw []byte, file hl7.File, fault error) []byte {
	head := file.Header
	if n := len(file.Batches); n > 0 && file.Batches[n-1].Header != nil {
		head = file.Batches[n-1].Header
	}
	x := &exchange{b: b, env: Envelope{Peer: from, Received: b.Now(), Raw: raw}, event: "other"}
	for _, header := range [][]byte{file.Header, head} {
		if m := hl7.HeaderMessage(header); m != nil && x.env.Control == "" {
			x.env.Message, x.env.Control = m, string(m.ControlID())
		}
	}
	a := x.refuse(ctx, fault)
	x.note(a, false)
	answered := hl7.File{Header: file.Header, Batches: []hl7.Batch{{Header: head}}}
	return b.fileReply().Write(answered, [][][]byte{{b.ack(a, a.Code).Reply(x.env.Message)}})
}

func (b *Bridge) fileReply() hl7.BatchReply {
	return hl7.BatchReply{App: b.app(), Facility: b.Facility, Time: b.Now(), NewID: b.NewID}
}
