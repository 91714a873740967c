import { Anchor, type AnchorProps } from '@mantine/core';
import { createLink } from '@tanstack/react-router';
import type { AnchorHTMLAttributes } from 'react';

type Props = Omit<AnchorProps, 'href'> & Omit<AnchorHTMLAttributes<HTMLAnchorElement>, keyof AnchorProps>;

const LinkAnchor = (props: Props) => <Anchor size="sm" {...props} />;

/** A link to another page of the dashboard; its target is checked by the types of the routes. */
export const PageLink = createLink(LinkAnchor);
